// A campaign whose runs workers execute, with a store between them and this machine: what they see goes there, what
// they give comes from there, as runs end.
#pragma once

#include <string>
#include <vector>

#include "campaign/campaign.h"
#include "worker/assignment.h"

namespace simswarm::campaign {

struct RemoteOptions {
  std::string queue;                 // URL
  std::string store;                 // URL
  std::string queue_name;            // empty: one of the campaign's own
  worker::StudySpec study;           // but for `folder` and `stored`
  int max_lost = 3;                  // attempts lost to nodes
  std::optional<int> priority{};     // nothing: as it is
  std::vector<std::string> collect;  // patterns of the files that are brought back; none: all
  bool detach = false;               // leave once the runs are in the queue
  std::string where{};               // « --on lab»: what commands that messages name have to be told
};

// The same call again goes on where this one was left: with the same runs, queue and store it is the same campaign
// there. Left by an interrupt the runs go on.
[[nodiscard]] Result<Summary> run_remote(const Options& options, const RemoteOptions& remote, Dialect& dialect,
                                         Observer& observer);

// The name under which the ledger remembers which results of a campaign differ from accepted ones, a line each.
[[nodiscard]] std::string conflicts_memo(const std::string& campaign);

}  // namespace simswarm::campaign
