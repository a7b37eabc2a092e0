// A campaign from sources: a snapshot of the project goes to a builder, which builds it, lists its runs and queues
// them; this machine needs nothing of what they need.
#pragma once

#include <string>
#include <vector>

#include "campaign/remote.h"

namespace simswarm::campaign {

struct BuiltOptions {
  std::string commit;                           // in place of the work tree
  std::vector<std::string> include;             // patterns of ignored files that come along
  std::vector<std::string> roots;               // stated; empty: they are found
  std::vector<std::vector<std::string>> steps;  // how to build; empty: it is found
  std::string steps_folder;                     // relative to the working folder
  std::string mode = "release";
  std::string image;
  std::vector<std::string> environment;  // names of variables that come along, and belong to the keys
  bool run_number_unused = false;
  int priority = 0;
};

// The same call again goes on where this one was left, whatever has ended meanwhile.
[[nodiscard]] Result<Summary> run_built(const Options& options, const RemoteOptions& remote, const BuiltOptions& built,
                                        Observer& observer);

// Follows a campaign that stands in the store, also from another machine, and brings its results into the working
// folder. `wanted`: its id, a beginning of it, or its name; empty: the newest of this project's name.
[[nodiscard]] Result<Summary> attach(const Options& options, const RemoteOptions& remote, const std::string& wanted,
                                     Observer& observer);

struct Cancelled {
  std::string campaign;  // its id
  std::string name;
  std::size_t waiting = 0;  // runs that had not begun
  std::size_t running = 0;  // that are asked to stop
  bool build = false;       // that had not ended
};
// Ends a campaign everywhere: what waits is cancelled, what runs or is built is told to stop.
[[nodiscard]] Result<Cancelled> cancel_campaign(const RemoteOptions& remote, const std::string& wanted);

}  // namespace simswarm::campaign
