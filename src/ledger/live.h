// What a campaign of this machine is at: `live/CAMPAIGN.json` in the state folder, which its process writes anew about
// each second. The ledger knows nothing of a run before it has ended. doc/formats.md, «What is running».
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/time.h"
#include "model/run.h"

namespace simswarm {

struct LiveRun {
  RunKey key;
  int attempt = 0;  // in this campaign
  Stamp started{};
  std::string progress;  // JSON; empty: nothing is heard of it alone, as of those that wait in a process of several
  std::string output;    // the file that grows with what it prints; empty: it is not told
  std::optional<unsigned> output_owner;  // user id; where the program makes that file, which may be anything then
};

struct Live {
  static constexpr std::size_t kMostRuns = 1000;
  static constexpr std::size_t kMostBytes = std::size_t{2} << 20U;
  static constexpr std::size_t kLongestProgress = 4096;  // bytes
  static constexpr std::chrono::seconds kOldAfter{10};   // it is written every few seconds, whatever happens

  std::string campaign;
  std::string host;
  std::int64_t process = 0;
  std::size_t slots = 0, busy = 0;  // processes that it may have at once, and has
  std::size_t running = 0;          // runs: `runs` has at most kMostRuns of them, and no more than fit
  std::vector<LiveRun> runs;
};

// Whether the process of a campaign is there, as far as this machine can tell.
using IsAlive = std::function<bool(const std::string& campaign)>;

[[nodiscard]] std::string to_json(const Live& live);
// Nothing for what is no such text; what is wrong in one of its runs stays away with that run.
[[nodiscard]] std::optional<Live> live_from(const std::string& text);

// Of to_json(). Replaced in one step, not synced: a crash may leave anything, and then nobody is alive.
[[nodiscard]] Status write_live(const fs::path& state, const std::string& campaign, const std::string& text);
void remove_live(const fs::path& state, const std::string& campaign);
// Nothing: there is none, or its writer is dead. One of another host, whose processes nobody here can see, lives as
// long as it is written.
[[nodiscard]] std::optional<Live> read_live(const fs::path& state, const std::string& campaign,
                                            const IsAlive& is_alive);
// Removes what the dead have left.
void sweep_live(const fs::path& state, const IsAlive& is_alive);

}  // namespace simswarm
