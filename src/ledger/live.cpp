#include "ledger/live.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/host.h"
#include "base/stamp.h"
#include "base/text.h"

namespace simswarm {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kDeepest = 8;
constexpr std::string_view kEnding = ".json";

std::string dumped(const json& value) {
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

fs::path folder_of(const fs::path& state) {
  return state / "live";
}

std::string text_of(const LiveRun& run) {
  std::string text = fmt::format(R"({{"key":"{}","attempt":{},"started":"{}")", run.key.digest.hex(), run.attempt,
                                 to_text(run.started));
  if (!run.progress.empty() && run.progress.size() <= Live::kLongestProgress) text += ",\"progress\":" + run.progress;
  if (!run.output.empty()) text += ",\"output\":" + dumped(run.output);
  if (run.output_owner) text += fmt::format(",\"output_owner\":{}", *run.output_owner);
  return text + "}";
}

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::size_t number_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::size_t>() : 0;
}

std::optional<LiveRun> run_from(const json& object) {
  if (!object.is_object()) return std::nullopt;
  auto digest = Digest::parse(text_in(object, "key"));
  if (!digest) return std::nullopt;
  LiveRun run;
  run.key = {std::move(*digest)};
  run.attempt = static_cast<int>(std::min<std::size_t>(number_in(object, "attempt"), 65'535));
  run.started = stamp_from(text_in(object, "started"));
  if (run.started == Stamp{}) return std::nullopt;
  if (const auto progress = object.find("progress"); progress != object.end() && progress->is_object())
    run.progress = dumped(*progress);
  if (run.progress.size() > Live::kLongestProgress) run.progress.clear();
  run.output = text_in(object, "output");
  if (run.output.find('\0') != std::string::npos) run.output.clear();
  const auto owner = object.find("output_owner");
  if (owner != object.end() && owner->is_number_unsigned() && owner->get<std::uint64_t>() <= 0xFFFFFFFFU)
    run.output_owner = owner->get<unsigned>();
  else if (owner != object.end())
    run.output.clear();
  return run;
}

// A regular file that is no larger than it may be, and no link; how long ago it was written, too.
struct Found {
  std::string text;
  Seconds age{};
};
std::optional<Found> find(const fs::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (!file.valid() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  if (info.st_size < 0 || static_cast<std::uint64_t>(info.st_size) > Live::kMostBytes) return std::nullopt;
  Found found;
  found.text.resize(static_cast<std::size_t>(info.st_size));
  for (std::size_t have = 0; have < found.text.size();) {
    const ssize_t got = ::read(file.get(), found.text.data() + have, found.text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    have += static_cast<std::size_t>(got);
  }
  const Seconds now = system_clock().stamp().time_since_epoch();
  found.age = now - Seconds(static_cast<double>(info.st_mtim.tv_sec));
  return found;
}

bool is_old(Seconds age) {
  return age > Live::kOldAfter || age < -Live::kOldAfter;
}

}  // namespace

std::string to_json(const Live& live) {
  std::string text = fmt::format(
      R"({{"version":{},"campaign":{},"host":{},"process":{},"slots":{},"busy":{},"running":{},"runs":[)", kVersion,
      dumped(live.campaign), dumped(live.host), live.process, live.slots, live.busy, live.running);
  std::size_t count = 0;
  for (const LiveRun& run : live.runs) {
    const std::string one = text_of(run);
    if (++count > Live::kMostRuns || text.size() + one.size() + 4 > Live::kMostBytes) break;
    if (text.back() != '[') text += ",\n";
    text += one;
  }
  return text + "]}\n";
}

std::optional<Live> live_from(const std::string& text) {
  if (text.size() > Live::kMostBytes || json_depth(text) > kDeepest) return std::nullopt;
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object() || number_in(object, "version") != kVersion) return std::nullopt;
  const auto runs = object.find("runs");
  if (runs == object.end() || !runs->is_array()) return std::nullopt;
  Live live;
  live.campaign = text_in(object, "campaign");
  live.host = text_in(object, "host");
  live.process = static_cast<std::int64_t>(number_in(object, "process"));
  constexpr std::size_t kMostProcesses = 1'000'000;
  live.slots = std::min(number_in(object, "slots"), kMostProcesses);
  live.busy = std::min(number_in(object, "busy"), live.slots);
  live.running = number_in(object, "running");
  for (const json& one : *runs) {
    if (live.runs.size() == Live::kMostRuns) break;
    if (auto run = run_from(one)) live.runs.push_back(std::move(*run));
  }
  return live;
}

Status write_live(const fs::path& state, const std::string& campaign, const std::string& text) {
  const fs::path path = folder_of(state) / (campaign + std::string(kEnding));
  const fs::path fresh = path.string() + ".new";
  SIMSWARM_CHECK(make_folders(folder_of(state)));
  Status written = write_file(fresh, text);
  if (written && ::rename(fresh.c_str(), path.c_str()) != 0) written = system_error(errno, path.string());
  if (!written) ::unlink(fresh.c_str());
  return written;
}

void remove_live(const fs::path& state, const std::string& campaign) {
  ::unlink((folder_of(state) / (campaign + std::string(kEnding))).c_str());
}

std::optional<Live> read_live(const fs::path& state, const std::string& campaign, const IsAlive& is_alive) {
  const auto found = find(folder_of(state) / (campaign + std::string(kEnding)));
  if (!found) return std::nullopt;
  auto live = live_from(found->text);
  if (!live || live->campaign != campaign) return std::nullopt;
  const bool is_elsewhere = live->host != host_name() && !is_old(found->age);
  return is_alive(campaign) || is_elsewhere ? std::move(live) : std::nullopt;
}

void sweep_live(const fs::path& state, const IsAlive& is_alive) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_of(state), error)) {
    const std::string name = entry.path().filename().string();
    const std::string campaign = name.substr(0, name.find('.'));
    struct stat info {};
    if (is_alive(campaign) || ::lstat(entry.path().c_str(), &info) != 0) continue;
    const Seconds now = system_clock().stamp().time_since_epoch();
    if (is_old(now - Seconds(static_cast<double>(info.st_mtim.tv_sec)))) ::unlink(entry.path().c_str());
  }
}

}  // namespace simswarm
