// The same pages for campaigns of one machine, from a folder's ledger; no server is needed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/live.h"
#include "view/runs.h"
#include "view/value_reader.h"
#include "view/watch.h"

namespace simswarm::view {

// All of it from any thread.
class LocalWatch : public Watch {
 public:
  [[nodiscard]] virtual Result<RunStatus> run(const std::string& campaign, const RunKey& key) = 0;
  [[nodiscard]] virtual Result<std::optional<AttemptLog>> log(const RunKey& key, int attempt) = 0;
  // The end of what a run that goes on has printed so far; nothing: it is not told.
  [[nodiscard]] virtual Result<std::optional<std::string>> live_output(const std::string& /*campaign*/,
                                                                       std::size_t /*position*/) {
    return std::nullopt;
  }
  // Where the paths of its results begin; empty: there is no such campaign.
  [[nodiscard]] virtual fs::path folder(const std::string& campaign) = 0;
  // For ValueReader.
  [[nodiscard]] virtual Status read_values(const Followed& campaign, const std::vector<std::size_t>& positions,
                                           const ValueReader::Take& take) = 0;
};

// `news` as in WatchOptions. An error: there is no ledger, or it cannot be read.
[[nodiscard]] Result<std::unique_ptr<LocalWatch>> make_local_watch(const fs::path& state, IsAlive is_alive,
                                                                   std::function<void()> news);

}  // namespace simswarm::view
