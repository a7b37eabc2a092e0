// Computers become nodes of a swarm, and cease to be. Each can be called again: what is done stays, what is missing is
// done.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cluster/swarm_checks.h"
#include "cluster/swarm_record.h"

namespace simswarm::cluster {

struct Step {
  enum class Kind { kDone, kAlready, kWould, kNote };
  Kind kind = Kind::kDone;
  std::string where;
  std::string what;
};
[[nodiscard]] std::string_view to_text(Step::Kind kind);  // done, already, would, note

struct NodesOptions {
  bool dry_run = false;
  std::function<void(const Step&)> say = [](const Step&) {};  // when it is done, not before
  double patience = 120;                                      // seconds for tasks to end
};

struct NodesOutcome {
  Findings findings;  // something: what they name was not done
  std::vector<SwarmNode> nodes;
};

// Makes the record's manager one where it is none, joins `workers`, makes secrets and keeps the record. `address` is
// the manager's for the others; empty: it chooses. Nothing is changed unless all computers pass all checks; one that
// fails later stands in nobody's way.
[[nodiscard]] Result<NodesOutcome> make_swarm(SwarmRecord record, const std::vector<std::string>& workers,
                                              const std::string& address, const NodesOptions& options);
// Joins them to a swarm that is there.
[[nodiscard]] Result<NodesOutcome> add_nodes(SwarmRecord record, const std::vector<std::string>& workers,
                                             const NodesOptions& options);
// Drains each, waits for its tasks to end, has it leave where it is reached, and takes it off the list.
[[nodiscard]] Result<NodesOutcome> remove_nodes(SwarmRecord record, const std::vector<std::string>& words,
                                                const NodesOptions& options);
// Drained: no task begins there, those that run end or go back (they are waited for); or active again.
[[nodiscard]] Status set_availability(const SwarmRecord& record, const std::vector<std::string>& words, bool drain,
                                      const NodesOptions& options);

// What a computer without SSH is to call. `command` has the token: for the user's eyes only.
struct JoinCommand {
  std::string address;  // of the manager, with its port
  std::string token;
  std::string command;
};
[[nodiscard]] Result<JoinCommand> join_command(const SwarmRecord& record);

}  // namespace simswarm::cluster
