// Docker's engine over its Unix socket: a reader that can ask nothing but what stands in its list, and that passes on
// only what is shown; never a service's environment, arguments, secrets or mounts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "engine/http_get.h"

namespace simswarm::engine {

struct Label {
  std::string name;
  std::string value;
  friend bool operator==(const Label&, const Label&) = default;
};

// Words of states are the engine's own.
struct Node {
  std::string id;
  std::string host;
  std::string role;          // manager, worker
  std::string availability;  // active, pause, drain
  std::string state;         // ready, down, unknown, disconnected
  std::string message;       // the engine's own about the state
  std::string address;
  std::string engine;  // its version
  std::string system;  // «linux/x86_64»
  bool leader = false;
  std::string reachability;  // of a manager
  double cores = 0;
  std::uint64_t memory = 0;  // bytes
  std::vector<Label> labels;
  friend bool operator==(const Node&, const Node&) = default;
};

struct Service {
  std::string id;
  std::string name;
  std::string stack;  // that it belongs to; may be empty
  std::string image;  // without its digest
  std::string mode;   // replicated, global, replicated-job, global-job
  std::uint64_t wanted = 0;
  std::uint64_t running = 0;
  std::string update;  // state of the last update: updating, paused, completed, rollback_…; empty: none
  std::string update_message;
  friend bool operator==(const Service&, const Service&) = default;
};

struct Task {
  std::string id;
  std::string service;  // id
  std::string node;     // id; empty: none has been found yet
  std::int64_t slot = 0;
  std::string state;    // new, pending, …, running, complete, failed, rejected, orphaned
  std::string desired;  // running, shutdown, …
  std::string message;
  std::string error;
  std::string image;
  std::optional<int> exit_code;
  Stamp since{};  // in this state
  Stamp created{};
  double cores = 0;          // reserved
  std::uint64_t memory = 0;  // reserved, bytes
  friend bool operator==(const Task&, const Task&) = default;
};

struct Network {
  std::string id;
  std::string name;
  std::string driver;
  std::string scope;
  std::vector<std::string> subnets;
};

struct EngineInfo {
  std::string host;
  std::string version;
  std::string api;
  std::string node;   // id in its swarm
  std::string swarm;  // active, inactive, pending, error, locked
  bool is_manager = false;
  friend bool operator==(const EngineInfo&, const EngineInfo&) = default;
};

// What is seen of a swarm at once.
struct Swarm {
  EngineInfo info;
  std::vector<Node> nodes;        // by host name
  std::vector<Service> services;  // by name
  std::vector<Task> tasks;        // newest first, with those that the engine remembers of the past
  friend bool operator==(const Swarm&, const Swarm&) = default;
};

enum class LogsOf { kService, kTask };

// One thread at a time. Each call asks anew; errors are one line and say what to do.
class Engine {
 public:
  explicit Engine(std::string socket, HttpLimits limits = {});

  [[nodiscard]] Status ping() const;
  [[nodiscard]] Result<EngineInfo> info() const;
  [[nodiscard]] Result<std::vector<Node>> nodes() const;
  [[nodiscard]] Result<std::vector<Service>> services() const;  // without what count_tasks() tells
  [[nodiscard]] Result<std::vector<Task>> tasks() const;
  [[nodiscard]] Result<std::vector<Network>> networks() const;
  [[nodiscard]] Result<Swarm> swarm() const;
  // The last lines, standard output and error as they came. An error that cannot be retried: the engine knows no such
  // id.
  [[nodiscard]] Result<std::string> logs(LogsOf what, const std::string& id, int lines) const;

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

 private:
  [[nodiscard]] Result<std::string> get(const std::string& target) const;

  Endpoint endpoint_;
  HttpLimits limits_;
};

// The list: what may be asked of an engine.
[[nodiscard]] bool may_ask(std::string_view target);

// Letters, digits, «_», «.», «-»: what stands for a service or a task.
[[nodiscard]] bool is_id(std::string_view text);

}  // namespace simswarm::engine
