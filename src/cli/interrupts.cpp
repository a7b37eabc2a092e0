#include "cli/interrupts.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace simswarm::cli {
namespace {

volatile std::sig_atomic_t interrupts = 0;
volatile std::sig_atomic_t planning = 1;
volatile std::sig_atomic_t tells_json = 0;
int interrupt_event = -1;

void write_all(int to, std::string_view text) {
  [[maybe_unused]] const ssize_t put = ::write(to, text.data(), text.size());
}

void on_interrupt(int /*signal*/) {
  if (planning != 0) {
    write_all(STDERR_FILENO, "\nsimswarm: interrupted before the first run\n");
    if (tells_json != 0)
      write_all(STDOUT_FILENO,
                "{\"event\":\"error\",\"message\":\"interrupted before the first run\",\"exit_code\":130}\n");
    ::_exit(static_cast<int>(ExitCode::kInterrupted));
  }
  interrupts = interrupts + 1;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = ::write(interrupt_event, &one, sizeof(one));
}

void on_stop(int /*signal*/) {
  write_all(STDOUT_FILENO, "\033[?25h");
  ::kill(::getpid(), SIGSTOP);
}

void handle(int number, void (*handler)(int)) {
  struct sigaction before {};
  if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = number == SIGTSTP ? SA_RESTART : 0;
  ::sigaction(number, &action, nullptr);
}

}  // namespace

Interrupts catch_interrupts(bool json) {
  interrupt_event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
  tells_json = json ? 1 : 0;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) handle(number, on_interrupt);
  std::signal(SIGPIPE, SIG_IGN);
  return {&interrupts, interrupt_event};
}

void planning_is_over() {
  planning = 0;
}

void show_cursor_on_stop() {
  handle(SIGTSTP, on_stop);
}

}  // namespace simswarm::cli
