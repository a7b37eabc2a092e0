// On a terminal: what happened scrolls by above, a bar and the running runs stand below and are drawn anew.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "cli/interrupts.h"
#include "cli/screen.h"
#include "cli/screen_build.h"
#include "result/width.h"

namespace simswarm::cli {
namespace {

using campaign::Plan;
using campaign::Planned;
using campaign::Summary;
using campaign::Tally;

constexpr std::chrono::milliseconds kFrame{100};
constexpr std::size_t kWidestBar = 40;
constexpr std::size_t kNarrowestBar = 10;
constexpr std::size_t kNarrowestName = 24;  // rather than a narrower one, running runs have no bar
constexpr std::size_t kMostRunning = 12;    // running runs that are shown; more are counted

constexpr std::string_view kHideCursor = "\033[?25l";
constexpr std::string_view kShowCursor = "\033[?25h";
constexpr std::string_view kToEndOfLine = "\033[K";
constexpr std::string_view kToEndOfScreen = "\033[J";

std::string number(double value) {
  if (value == 0) return "0";
  if (value >= 1e6 || value < 1e-2) return fmt::format("{:.1e}", value);
  return value >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

// A run is whole at 100% only when it has ended.
std::string percent(double fraction) {
  return fmt::format("{:3.0f}%", std::floor(std::clamp(fraction, 0.0, 1.0) * 100));
}

// «█████···  37%  7 done, 2 running, 1 failed, 10 waiting, about 25 s left»
std::string head(const Tally& tally, std::size_t columns) {
  const std::size_t done = tally.complete + tally.failed;
  const double fraction = tally.total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(tally.total);
  std::string counts = fmt::format(" {}  {} done, {} running, {} failed", percent(fraction), tally.complete,
                                   tally.running, tally.failed);
  const std::string waiting = fmt::format(", {} waiting", tally.waiting);
  std::string left;
  if (tally.seconds_left && done < tally.total) left = ", " + time_left(*tally.seconds_left);
  if (kNarrowestBar + counts.size() + waiting.size() + left.size() <= columns) counts += waiting;
  counts += left;
  const std::size_t taken = result::display_width(counts);
  const std::size_t width = columns > taken ? std::min(columns - taken, kWidestBar) : 0;
  return bar(fraction, std::max(width, kNarrowestBar)) + counts;
}

// «  Study#7 (load=0.5, #0)   ████······  41%     1.2 s    620 simsec/s  4.1 MiB»
std::string running_line(const worker::RunningView& view, const Plan& plan, std::size_t columns) {
  const Run run = plan.runs.run(view.run);
  const Progress& progress = view.progress;
  const std::string speed = progress.speed.value_or(0) > 0 ? number(*progress.speed) + " simsec/s" : "";
  const std::string memory = progress.memory > 0 ? human_bytes(progress.memory) : "";
  const std::string numbers =
      fmt::format(" {:>4} {:>10} {:>16} {:>9}", progress.fraction ? percent(*progress.fraction) : "",
                  human_duration(view.wall_seconds), speed, memory);
  const std::string name = fmt::format("{} ({})", short_name(run), variables_text(run));
  std::size_t room = columns > numbers.size() + 2 ? columns - numbers.size() - 2 : 0;
  std::string own_bar;
  if (room >= kNarrowestName + 1 + kNarrowestBar) {
    room -= 1 + kNarrowestBar;
    own_bar = " " + (progress.fraction ? bar(*progress.fraction, kNarrowestBar) : std::string(kNarrowestBar, ' '));
  }
  return "  " + result::padded_right(result::shortened(name, room), room) + own_bar + numbers;
}

class LiveScreen final : public campaign::Observer {
 public:
  explicit LiveScreen(ScreenOptions options) : options_(std::move(options)) { show_cursor_on_stop(); }
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;
  // After an error, too.
  ~LiveScreen() override { close(); }

  void planned(const Plan& plan) override { say(plan_line(plan)); }

  void started(const Planned& run, int attempt) override {
    if (options_.verbose) say(fmt::format("started {} (attempt {})", short_name(run.run), attempt));
  }

  void ended(const Planned& run, const Attempt& attempt, bool will_retry, const Tally&) override {
    if (!is_complete(attempt.verdict.outcome)) {
      say(coloured("31", "✗") + " " + describe_failure(run, attempt, will_retry));
    } else if (options_.verbose) {
      say(coloured("32", "✓") + " " + short_name(run.run));
    }
  }

  void progress(const std::vector<worker::RunningView>& running, const Plan& plan, const Tally& tally) override {
    const Monotonic now = system_clock().monotonic();
    if (now - drawn_at_ < kFrame) return;
    drawn_at_ = now;
    const std::string back = to_top();
    lines_ = live_lines(running, plan, tally, terminal_size());
    print(fmt::format("{}{}{}", kHideCursor, back, block()));
  }

  void note(const std::string& text) override { say("• " + text); }

  void building(const campaign::BuildView& view) override {
    const Monotonic now = system_clock().monotonic();
    if (now - drawn_at_ < kFrame) return;
    drawn_at_ = now;
    const std::string back = to_top();
    lines_ = {build_line(view, std::max<std::size_t>(terminal_size().columns, 2) - 1)};
    print(fmt::format("{}{}{}", kHideCursor, back, block()));
  }

  // Compilers' own words scroll by above, colours and all.
  void build_output(std::string_view piece) override { say_lines(output_.take(piece)); }

  void built(const campaign::BuildAnswer& answer) override {
    say_lines(output_.rest());
    close();
    if (answer.code == 0) say("• " + built_line(answer));
  }

  void finished(const Plan& plan, const Summary& summary) override {
    close();
    print(summary_text(plan, summary, options_));
  }

 private:
  [[nodiscard]] std::string coloured(std::string_view colour, std::string_view text) const {
    return colours_ ? fmt::format("\033[{}m{}\033[0m", colour, text) : std::string(text);
  }

  // A line that stays: in the place of the block, which moves down by as much, in one write.
  void say(const std::string& line) { print(fmt::format("{}{}{}\n{}", to_top(), line, kToEndOfLine, block())); }

  void say_lines(std::string text) {
    if (text.empty()) return;
    if (text.back() == '\n') text.pop_back();
    say(replace_all(std::move(text), "\n", std::string(kToEndOfLine) + "\n") + (colours_ ? "\033[0m" : ""));
  }

  // To the beginning of the block. A terminal that has become narrower since has broken its lines into several.
  [[nodiscard]] std::string to_top() const {
    if (lines_.empty()) return "";
    const std::size_t columns = terminal_size().columns;
    std::size_t rows = 0;
    for (const std::string& line : lines_) {
      rows += std::max<std::size_t>(1, (result::display_width(line) + columns - 1) / columns);
    }
    return fmt::format("\r\033[{}A", rows);
  }

  [[nodiscard]] std::string block() const {
    std::string text;
    for (const std::string& line : lines_) text += fmt::format("{}{}\n", line, kToEndOfLine);
    return text + std::string(kToEndOfScreen);
  }

  void close() {
    if (lines_.empty()) return;
    print(fmt::format("{}{}{}", to_top(), kToEndOfScreen, kShowCursor));
    lines_.clear();
  }

  ScreenOptions options_;
  bool colours_ = wants_colour();
  LineCutter output_;
  std::vector<std::string> lines_;  // the block as it was drawn last
  Monotonic drawn_at_{};
};

}  // namespace

std::vector<std::string> live_lines(const std::vector<worker::RunningView>& running, const Plan& plan,
                                    const Tally& tally, TerminalSize size) {
  const std::size_t columns = std::max<std::size_t>(size.columns, 2) - 1;  // the last one would break the line on some
  std::vector<std::string> lines{head(tally, columns)};
  const std::size_t room = size.lines > 4 ? std::min(kMostRunning, size.lines - 4) : 1;
  for (std::size_t i = 0; i < std::min(running.size(), room); ++i)
    lines.push_back(running_line(running[i], plan, columns));
  if (running.size() > room) lines.push_back(fmt::format("  … and {} more running", running.size() - room));
  for (std::string& line : lines) line = result::shortened(line, columns);
  return lines;
}

std::unique_ptr<campaign::Observer> make_live_screen(const ScreenOptions& options) {
  return std::make_unique<LiveScreen>(options);
}

}  // namespace simswarm::cli
