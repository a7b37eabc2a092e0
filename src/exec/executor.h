// Executes batches: starts each in its layer, watches limits, ends whole process trees, gathers what was left.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "exec/layer.h"
#include "simulator/dialect.h"

namespace simswarm::exec {

struct Limits {
  std::optional<double> timeout;        // seconds of wall time a run; a batch gets it once a run
  std::optional<std::uint64_t> memory;  // bytes, the whole process tree
  std::optional<std::uint64_t> output;  // bytes, of all that a process writes; a batch gets it once a run
  double patience = 2;                  // seconds between SIGTERM and SIGKILL
};

struct BatchSpec {
  std::uint64_t id = 0;  // the caller's; unique among those that run
  std::vector<std::string> argv;
  std::size_t runs = 1;              // how many the process executes
  fs::path scratch;                  // a folder that is not there yet
  std::vector<std::string> folders;  // relative to the working folder: there and empty when the process starts
  std::string mark;                  // «NAME=value» in the environment, by which strays are found
};

struct Ended {
  std::uint64_t id = 0;
  Evidence evidence;
  Usage usage;
  Stamp started{};
  Stamp ended{};
  std::size_t strays = 0;        // processes that outlived the run and were killed
  std::optional<Error> trouble;  // the layer could not be read: nothing of it is to be believed
  bool disk_was_full = false;    // at some moment of its life: what it left may be cut short, whatever it says
  bool companion_ended = false;  // before the program did
  std::string not_started;       // why the program never ran: its companion failed
};

// Not thread-safe: one thread starts and waits; it becomes the reaper of everything its runs leave behind. Several
// executors of a process belong to one thread, too.
class Executor {
 public:
  virtual ~Executor() = default;

  // An error when the program cannot be started; nothing runs then.
  [[nodiscard]] virtual Status start(const BatchSpec& batch) = 0;
  // What the evidence names is there until the next call. Waits until a batch ends, a descriptor of `wake` is readable,
  // or the time is over; gives those that have ended.
  [[nodiscard]] virtual std::vector<Ended> wait(std::chrono::milliseconds time, const std::vector<int>& wake) = 0;
  // What wait() would wait for: descriptors that are readable when a process has ended, and how long nothing that runs
  // has to be looked at.
  virtual void add_descriptors(std::vector<int>& descriptors) const = 0;
  [[nodiscard]] virtual std::chrono::milliseconds until_next_look() const = 0;
  // Begins to end a batch: SIGTERM, then SIGKILL, to its whole tree; it comes out of wait() with this outcome.
  virtual void stop(std::uint64_t id, Outcome why) = 0;
  // SIGKILL for all at once.
  virtual void kill_all(Outcome why) = 0;
  // A path (absolute) that results are about to be put at, outside of the result folders: runs do not see it.
  virtual void hide(const fs::path& path) = 0;
  // Bytes of memory now, and the layer to look for status lines in; nothing for an id that does not run.
  struct Look {
    std::uint64_t memory = 0;
    double wall_seconds = 0;
    double cpu_seconds = 0;     // of the whole tree
    std::uint64_t written = 0;  // bytes of standard output and error
    fs::path output;
    const Layer* layer = nullptr;
  };
  [[nodiscard]] virtual std::optional<Look> look(std::uint64_t id) const = 0;
};

// A program beside each run: a server, SUMO. Started before it, ended with it.
struct CompanionSpec {
  std::vector<std::string> argv;
  int port = 0;          // TCP, on which it has to listen before the run starts; 0: it is not waited for
  double patience = 30;  // seconds until it listens
};

struct ExecutorSpec {
  LayerSpec layer;  // a veil that it names is made, used and removed; where it cannot be made, each run has its own
  Limits limits;
  // A folder for views of the project that serve one run after another, as long as those leave nothing beside the
  // result folders; empty: every run has its own.
  fs::path stages;
  Inside inside;      // namespaces of the keeper; open as long as the executor lives
  pid_t keeper = -1;  // no run; in a process-id namespace orphans become its children
  std::optional<CompanionSpec> companion{};
  bool private_network = false;  // each run has a network of its own with a loopback, shared with its companion
  std::size_t cores = 0;         // that each batch has for itself; 0: all share all
  std::vector<std::pair<std::string, std::string>> environment{};  // of all processes, in place of ours
  bool unix_sockets_only = false;                                  // runs and companions have no other (SocketFilter)
};

[[nodiscard]] std::unique_ptr<Executor> make_executor(ExecutorSpec spec);

// Executor::wait() for several at once; the ids of batches are unique among all of them. With none it waits for `wake`.
[[nodiscard]] std::vector<Ended> wait_for(std::span<Executor* const> executors, std::chrono::milliseconds time,
                                          const std::vector<int>& wake);

}  // namespace simswarm::exec
