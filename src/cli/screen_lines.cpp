// In a pipe: one line a change, and progress now and then, not a thousand lines.
#include <chrono>
#include <cstdlib>

#include "base/text.h"
#include "base/time.h"
#include "cli/screen.h"
#include "cli/screen_build.h"

namespace simswarm::cli {
namespace {

using campaign::Plan;
using campaign::Planned;
using campaign::Summary;
using campaign::Tally;

class LineScreen final : public campaign::Observer {
 public:
  explicit LineScreen(ScreenOptions options) : options_(std::move(options)) {}

  void planned(const Plan& plan) override {
    if (!options_.quiet) print(plan_line(plan) + "\n");
  }

  void started(const Planned& run, int attempt) override {
    if (options_.verbose && !options_.quiet)
      print(fmt::format("started {} (attempt {})\n", short_name(run.run), attempt));
  }

  void ended(const Planned& run, const Attempt& attempt, bool will_retry, const Tally& tally) override {
    if (!is_complete(attempt.verdict.outcome)) {
      print(describe_failure(run, attempt, will_retry) + "\n");
    } else if (options_.verbose && !options_.quiet) {
      print(fmt::format("complete {}\n", short_name(run.run)));
    }
    say_progress(tally);
  }

  void progress(const std::vector<worker::RunningView>&, const Plan&, const Tally& tally) override {
    say_progress(tally);
  }

  void note(const std::string& text) override {
    if (!options_.quiet) print(fmt::format("note: {}\n", text));
  }

  // Now and then: the compilers' own words tell the rest.
  void building(const campaign::BuildView& view) override {
    const Monotonic now = system_clock().monotonic();
    if (options_.quiet || (view.phase == phase_ && now - told_at_ < std::chrono::seconds(10))) return;
    phase_ = view.phase;
    told_at_ = now;
    print(build_line(view, kWidest) + "\n");
  }
  void build_output(std::string_view piece) override {
    if (!options_.quiet) print(plain(output_.take(piece)));
  }
  void built(const campaign::BuildAnswer& answer) override {
    if (options_.quiet) return;
    std::string rest = plain(output_.rest());
    if (!rest.empty()) rest += "\n";
    print(rest + (answer.code == 0 ? built_line(answer) + "\n" : ""));
  }

  void finished(const Plan& plan, const Summary& summary) override {
    if (!options_.quiet || summary.complete != summary.total) print(summary_text(plan, summary, options_));
  }

 private:
  // Compilers colour what they say; not everybody who reads a pipe wants that.
  static std::string plain(const std::string& text) { return wants_colour() ? text : without_colours(text); }

  // At every tenth of the runs, and at the latest once in ten seconds when something has changed.
  void say_progress(const Tally& tally) {
    const std::size_t done = tally.complete + tally.failed;
    if (options_.quiet || done == told_ || tally.total == 0) return;
    const Monotonic now = system_clock().monotonic();
    const bool tenth = done * 10 / tally.total != told_ * 10 / tally.total;
    if (!tenth && now - told_at_ < std::chrono::seconds(10)) return;
    if (tenth && now - told_at_ < std::chrono::milliseconds(500) && done != tally.total) return;
    told_ = done;
    told_at_ = now;
    const std::string left = tally.seconds_left && done < tally.total ? ", " + time_left(*tally.seconds_left) : "";
    print(
        fmt::format("{} of {} done, {} running, {} failed{}\n", done, tally.total, tally.running, tally.failed, left));
  }

  ScreenOptions options_;
  static constexpr std::size_t kWidest = 200;

  LineCutter output_;
  std::string phase_;
  std::size_t told_ = 0;
  Monotonic told_at_ = system_clock().monotonic();
};

}  // namespace

std::unique_ptr<campaign::Observer> make_line_screen(const ScreenOptions& options) {
  return std::make_unique<LineScreen>(options);
}

std::unique_ptr<campaign::Observer> make_screen(const ScreenOptions& options) {
  if (options.json) return make_json_screen();
  const char* terminal = std::getenv("TERM");
  const bool moves = terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
  if (stdout_is_terminal() && moves && !options.quiet) return make_live_screen(options);
  return make_line_screen(options);
}

}  // namespace simswarm::cli
