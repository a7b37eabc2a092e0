// What the runs of a campaign can see, as one archive that is the same for the same content.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "archive/tar.h"
#include "campaign/campaign.h"
#include "store/store.h"
#include "worker/assignment.h"

namespace simswarm::campaign {

struct Artifact {
  std::vector<archive::Entry> entries;    // paths from the project's top
  std::map<std::string, Digest> objects;  // libraries outside of the project, by path
  fs::path folder;                        // working folder, from the project's top
  std::uint64_t bytes = 0;                // of all files
};

// The files that went into the keys, and the ini files of the project. An error names what lies outside of the project
// and is no library: machines that get the artifact would not see it.
[[nodiscard]] Result<Artifact> artifact_of(const Options& options, const Plan& plan);

// Its digest; packs and throws away.
[[nodiscard]] Result<archive::Packed> measure(const Artifact& artifact);
// Brings it there, unless it is.
[[nodiscard]] Status bring(const Artifact& artifact, const archive::Packed& measured, store::Store& store);

// On the machine of a worker the project lies in another place: words of the study that name something in it by an
// absolute path become relative; result folders have to lie in it or beside it.
void make_portable(const Options& options, const Plan& plan, worker::StudySpec& study);
[[nodiscard]] Status check_result_folders(const Options& options, const Dialect& dialect, const Plan& plan);

}  // namespace simswarm::campaign
