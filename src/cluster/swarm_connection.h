// The way from this machine to a swarm's queue, store and pages: which ports lead to which sockets of the manager.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "cluster/machine.h"
#include "cluster/service_process.h"
#include "cluster/swarm_record.h"

namespace simswarm::cluster {

struct Forward {
  std::string what;    // queue, store, dashboard, visualizer
  std::string socket;  // of the manager
  int port = 0;        // on 127.0.0.1; 0: the socket itself is reached, without a port
  int usual_port = 0;  // that is tried first
  friend bool operator==(const Forward&, const Forward&) = default;
};

// connect.json in the swarm's folder: what the process keeps up. No secrets.
struct Connection {
  std::string swarm;
  std::string manager;  // as ssh takes it; empty: this machine
  std::vector<Forward> forwards;
  friend bool operator==(const Connection&, const Connection&) = default;

  [[nodiscard]] const Forward* find(std::string_view what) const;
};

[[nodiscard]] fs::path connection_file(const std::string& swarm);
[[nodiscard]] fs::path connection_log(const std::string& swarm);
[[nodiscard]] std::string to_json(const Connection& connection);
[[nodiscard]] Result<Connection> connection_from_json(std::string_view text);
// Nothing: it was never connected, or is not any more.
[[nodiscard]] std::optional<Connection> read_connection(const std::string& swarm);
// The process that keeps it up, if it runs.
[[nodiscard]] std::optional<ProcessRecord> connection_process(const std::string& swarm);
// False for a swarm of this user's that `simswarm swarm connect` has yet to lead to; true also for what is no swarm.
[[nodiscard]] bool is_connected_if_swarm(const std::string& name);

// What the manager has in its folder, asked in one call: sockets, and client.json where this user may read it.
struct ManagerSide {
  std::vector<std::string> sockets;  // paths
  std::string client;                // client.json; empty: it cannot be read
};
[[nodiscard]] Result<ManagerSide> look_at_manager(const Machine& manager, const std::string& swarm);

// Whether it leads where a new plan would: the same manager and, as far as they are there now, the same sockets.
[[nodiscard]] bool leads_there(const Connection& connection, const SwarmRecord& record, const ManagerSide& side);
// With free ports: those of `before` where it is the same way, else the usual ones, else any.
[[nodiscard]] Result<Connection> plan_connection(const SwarmRecord& record, const ManagerSide& side,
                                                 const std::optional<Connection>& before);

// Starts the process that keeps it up (`program` with «swarm connect keep»), and waits until its ports are open. An
// error has the last line of its log; then it has been ended again.
[[nodiscard]] Status begin_connection(const Connection& connection, const fs::path& program);
// False: there was none.
[[nodiscard]] Result<bool> end_connection(const std::string& swarm);

// Keeps it up until SIGTERM, SIGINT or SIGHUP: that process itself. `say` gets a line for each change.
[[nodiscard]] Status keep_connection(const Connection& connection, const std::function<void(const std::string&)>& say);

// URLs of queue and store through it, with passwords: for the user's hosts. `store` is what services call their store;
// empty: the stack's own.
[[nodiscard]] std::string queue_through(const Connection& connection, const std::string& password);
[[nodiscard]] std::string store_through(const Connection& connection, const std::string& store,
                                        const std::string& password);

}  // namespace simswarm::cluster
