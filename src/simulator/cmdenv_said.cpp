#include "simulator/cmdenv_said.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

namespace simswarm::cmdenv {
namespace {

constexpr std::size_t kBlock = std::size_t{64} * 1024;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool tells_full_disk(std::string_view line) {
  if (contains(line, "No space left on device") || contains(line, "Disk quota exceeded")) return true;
  if (!line.starts_with("<!>")) return false;
  // What Cmdenv says when a write fails in the run, without the reason.
  return contains(line, "Cannot write output vector file") || contains(line, "Cannot write output scalar file") ||
         contains(line, "disk full");
}

}  // namespace

bool is_limit(const StopLine& line) {
  constexpr std::array<std::string_view, 3> kLimits{"CPU time limit reached", "Realtime limit reached",
                                                    "Real time limit reached"};
  return std::any_of(kLimits.begin(), kLimits.end(),
                     [&](std::string_view limit) { return line.text.starts_with(limit); });
}

bool is_interrupt(const StopLine& line) {
  return line.text.starts_with("SIGINT or SIGTERM received");
}

void Said::note(std::string_view raw) {
  if (raw.starts_with("TRAPPING on the exception above")) trapped = true;
  if (tells_full_disk(raw)) disk_full = true;
  auto line = read_stop_line(raw);
  if (!line || line->text.starts_with("Error -- see ")) return;
  if (line->is_error && line->has_place) {
    if (!error) error = std::move(line);
  } else if (line->is_error || line->text.starts_with("Error")) {
    if (!placeless_error) placeless_error = std::move(line);
  } else if (line->text.starts_with("Fingerprint mismatch!")) {
    fingerprint_mismatch = true;
    fingerprint_text = line->text;
  } else if (line->has_place && !(termination && (is_limit(*termination) || is_interrupt(*termination)))) {
    termination = std::move(line);
  }
}

void each_line(const fs::path& path, const std::function<void(std::string_view)>& take) {
  const std::unique_ptr<FILE, int (*)(FILE*)> stream(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!stream) return;
  std::string block(kBlock, '\0');
  std::string line;  // the beginning of a line that goes on in the next block
  const auto tell = [&](std::string_view text) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    take(text);
  };
  for (std::size_t count = 0; (count = std::fread(block.data(), 1, block.size(), stream.get())) > 0;) {
    std::string_view rest(block.data(), count);
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      if (line.empty()) {
        tell(rest.substr(0, end));
      } else {
        line += rest.substr(0, std::min(end, kBlock - std::min(kBlock, line.size())));
        tell(line);
        line.clear();
      }
      rest.remove_prefix(end + 1);
    }
    line += rest.substr(0, kBlock - std::min(kBlock, line.size()));
  }
  if (!line.empty()) tell(line);
}

}  // namespace simswarm::cmdenv
