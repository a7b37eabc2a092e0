// The services of a swarm: started, brought up to date, stopped, removed. Each can be called again: what is done stays,
// what is missing is done.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/swarm_engine.h"
#include "cluster/swarm_nodes.h"
#include "cluster/swarm_record.h"
#include "cluster/swarm_secrets.h"

namespace simswarm::cluster {

struct StackOptions {
  bool dry_run = false;
  std::function<void(const Step&)> say = [](const Step&) {};  // when it is done, not before
  double patience = 300;                                      // seconds for services to come, or to end
  double interval = 0.5;                                      // seconds between two looks
};

struct StackOutcome {
  Findings findings;                   // something: what they name did not come, or was not done
  std::vector<SwarmService> services;  // as they were last seen
};

// Of the environment: the stack file's variables that are the user's to set (SIMSWARM_DRAIN, SIMSWARM_REDIS_MEMORY, …),
// and all of his own stack file's. Those of the store only with a stack file of his own, since other commands know
// them, too. An error names one with a password in it.
[[nodiscard]] Result<std::map<std::string, std::string>> stack_settings(
    const SwarmRecord& record, const std::function<const char*(const char*)>& environment);

// Checks, makes secrets and the manager's folder, has Docker make the services what the record says, keeps the record,
// and waits until they have come.
[[nodiscard]] Result<StackOutcome> deploy_stack(SwarmRecord record, const StackOptions& options);
// Workers first, so that their runs end or go back; then the servers. Data, secrets and networks stay.
[[nodiscard]] Result<StackOutcome> halt_stack(const SwarmRecord& record, const StackOptions& options);
// All that deploy_stack() has made, on the manager and on nodes that are reached by SSH; with `keep_data` volumes stay,
// and with them the record, which has the store's password.
[[nodiscard]] Result<StackOutcome> delete_stack(const SwarmRecord& record, bool keep_data, const StackOptions& options);
// New secrets, while everything goes on: Redis accepts the old password and the new one until all services have the new
// one. A call after one that was cut off finishes what that began.
[[nodiscard]] Result<StackOutcome> rotate_secrets(const SwarmRecord& record, const StackOptions& options);

// --- parts of these
// The words that deploy the stack on the manager. No secret is among them.
[[nodiscard]] std::vector<std::string> deploy_words(const SwarmRecord& record, const std::string& manager_host);
// Has Docker make the services what record and values say, and keeps the record with the names of its secrets.
[[nodiscard]] Result<SwarmRecord> apply_stack(SwarmRecord record, const SecretValues& values,
                                              const StackOptions& options);
// Waits until the services run and are of the newest form; says each as it comes.
[[nodiscard]] Result<StackOutcome> await_services(const Machine& manager, const std::string& stack,
                                                  const StackOptions& options);
// A task that waits for cores or memory to become free, as runners do that fill a swarm.
[[nodiscard]] bool waits_for_room(const SwarmTask& task);
// The task of this stack's service that runs on this machine; empty: none does.
[[nodiscard]] Result<std::string> container_of(const Machine& machine, const std::string& stack,
                                               const std::string& service);

}  // namespace simswarm::cluster
