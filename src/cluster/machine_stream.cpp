#include "cluster/machine_stream.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

namespace simswarm::cluster {
namespace {

// A reader that has gone is an error of write(), in this thread.
void hold_back_sigpipe() {
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

struct Pipe {
  Fd read;
  Fd write;
};
Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace

Result<Answer> run_giving(const Machine& machine, const std::vector<std::string>& words,
                          const std::function<Status(Sink&)>& give) {
  SIMSWARM_TRY(Pipe pipe, make_pipe());
  Status given;
  std::thread giver([&given, &give, write = std::move(pipe.write)]() mutable {
    hold_back_sigpipe();
    FileSink sink(std::move(write), "what it reads");
    given = give(sink);
  });
  Call call;
  call.timeout = kLongCall;
  call.input_from = pipe.read.get();
  Result<Answer> answer = machine.run(words, call);
  pipe.read.reset();  // the giver is not to wait for one who has ended
  giver.join();
  if (!answer || answer->exit_code != 0 || given) return answer;
  return propagate(given.error());
}

Result<Answer> run_taking(const Machine& machine, const std::vector<std::string>& words,
                          const std::function<Status(Source&)>& take) {
  SIMSWARM_TRY(Pipe pipe, make_pipe());
  Status taken;
  std::thread taker([&taken, &take, read = std::move(pipe.read)]() mutable {
    FileSource source(std::move(read), "what it prints");
    taken = take(source);
  });
  Call call;
  call.timeout = kLongCall;
  call.output_to = pipe.write.get();
  Result<Answer> answer = machine.run(words, call);
  pipe.write.reset();
  taker.join();
  if (!answer || answer->exit_code != 0 || taken) return answer;
  return propagate(taken.error());
}

}  // namespace simswarm::cluster
