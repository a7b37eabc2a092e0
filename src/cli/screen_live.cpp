// On a terminal: what happened scrolls by above, a bar and the running runs stand below and are drawn anew.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "cli/screen.h"
#include "result/width.h"

namespace simswarm::cli {
namespace {

using campaign::Plan;
using campaign::Planned;
using campaign::Summary;
using campaign::Tally;

constexpr std::chrono::milliseconds kFrame{100};
constexpr std::size_t kBarWidth = 30;
constexpr std::size_t kMostRunning = 12;  // running runs that are shown; more are counted

// «█████▌    » with eighths.
std::string bar(double fraction, std::size_t width) {
  constexpr std::array<std::string_view, 9> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
  const auto eighths =
      static_cast<std::size_t>(std::lround(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width) * 8));
  std::string text;
  for (std::size_t i = 0; i < width; ++i) {
    const std::size_t filled = std::min<std::size_t>(8, eighths > i * 8 ? eighths - i * 8 : 0);
    text += filled == 0 ? "·" : kEighths.at(filled);
  }
  return text;
}

std::string number(double value) {
  if (value == 0) return "0";
  if (value >= 1e6 || value < 1e-2) return fmt::format("{:.1e}", value);
  return value >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

class LiveScreen final : public campaign::Observer {
 public:
  explicit LiveScreen(ScreenOptions options) : options_(std::move(options)) {}

  void planned(const Plan& plan) override { say(plan_line(plan)); }

  void started(const Planned& run, int attempt) override {
    if (options_.verbose) say(fmt::format("started {} (attempt {})", short_name(run.run), attempt));
  }

  void ended(const Planned& run, const Attempt& attempt, bool will_retry, const Tally&) override {
    if (!is_complete(attempt.verdict.outcome)) {
      say("\033[31m✗\033[0m " + describe_failure(run, attempt, will_retry));
    } else if (options_.verbose) {
      say("\033[32m✓\033[0m " + short_name(run.run));
    }
  }

  void progress(const std::vector<worker::RunningView>& running, const Plan& plan, const Tally& tally) override {
    const Monotonic now = system_clock().monotonic();
    if (now - drawn_at_ < kFrame) return;
    drawn_at_ = now;
    draw(running, plan, tally);
  }

  void note(const std::string& text) override { say("• " + text); }

  void finished(const Plan& plan, const Summary& summary) override {
    clear();
    print(summary_text(plan, summary, options_));
  }

 private:
  void say(const std::string& line) {
    clear();
    print(line + "\n");
  }

  // Takes away what stands below; the cursor is then where it began.
  void clear() {
    if (lines_ > 0) print(fmt::format("\r\033[{}A\033[J", lines_));
    lines_ = 0;
  }

  void draw(const std::vector<worker::RunningView>& running, const Plan& plan, const Tally& tally) {
    const TerminalSize size = terminal_size();
    std::vector<std::string> lines{head(tally)};
    const std::size_t room = size.lines > 4 ? std::min(kMostRunning, size.lines - 4) : 1;
    for (std::size_t i = 0; i < std::min(running.size(), room); ++i) lines.push_back(running_line(running[i], plan));
    if (running.size() > room) lines.push_back(fmt::format("  … and {} more running", running.size() - room));
    std::string text;
    for (const std::string& line : lines) text += result::shortened(line, size.columns - 1) + "\n";
    clear();
    print(text);
    lines_ = lines.size();
  }

  static std::string head(const Tally& tally) {
    const std::size_t done = tally.complete + tally.failed;
    const double fraction = tally.total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(tally.total);
    std::string text =
        fmt::format("{} {:3.0f}%  {} done, {} running, {} failed, {} waiting", bar(fraction, kBarWidth),
                    std::floor(fraction * 100), tally.complete, tally.running, tally.failed, tally.waiting);
    if (tally.seconds_left && done < tally.total)
      text += fmt::format("  about {} left", human_duration(*tally.seconds_left));
    return text;
  }

  static std::string running_line(const worker::RunningView& view, const Plan& plan) {
    const Run& run = plan.runs[view.run].run;
    std::string text = "  " + result::padded_right(result::shortened(long_name(run), 44), 44);
    const Progress& progress = view.progress;
    text += progress.fraction ? fmt::format(" {} {:3.0f}%", bar(*progress.fraction, 10), *progress.fraction * 100)
                              : std::string(16, ' ');
    text += fmt::format("  {:>9}", human_duration(view.wall_seconds));
    if (progress.speed) text += fmt::format("  {} simsec/s", number(*progress.speed));
    if (progress.memory > 0) text += fmt::format("  {}", human_bytes(progress.memory));
    return text;
  }

  ScreenOptions options_;
  std::size_t lines_ = 0;
  Monotonic drawn_at_{};
};

}  // namespace

std::unique_ptr<campaign::Observer> make_live_screen(const ScreenOptions& options) {
  return std::make_unique<LiveScreen>(options);
}

}  // namespace simswarm::cli
