// What a campaign looks like: a live screen on a terminal, a line a change in a pipe, events as JSON.
#pragma once

#include <memory>
#include <string>

#include "campaign/campaign.h"

namespace simswarm::cli {

struct ScreenOptions {
  bool json = false;
  bool quiet = false;
  bool verbose = false;              // runs as they start and end
  std::string command = "simswarm";  // how to call simswarm for this folder: «simswarm» or «simswarm -C DIR»
  std::string state;                 // « --state DIR» where that was given
  fs::path state_folder = ".simswarm";
};

// Chosen by the options, and by whether standard output is a terminal that can move its cursor.
[[nodiscard]] std::unique_ptr<campaign::Observer> make_screen(const ScreenOptions& options);
[[nodiscard]] std::unique_ptr<campaign::Observer> make_json_screen();
[[nodiscard]] std::unique_ptr<campaign::Observer> make_line_screen(const ScreenOptions& options);
[[nodiscard]] std::unique_ptr<campaign::Observer> make_live_screen(const ScreenOptions& options);

// Shared by the screens.
[[nodiscard]] std::string variables_text(const Run& run);      // «load=0.5, #0»
[[nodiscard]] std::string describe_place(const Place& place);  // «t=50s, event #51, in module (Node) Net.x»
[[nodiscard]] std::string time_left(double seconds);           // «about 25 s left»
[[nodiscard]] std::string describe_failure(const campaign::Planned& run, const Attempt& attempt, bool will_retry);
[[nodiscard]] std::string summary_text(const campaign::Plan& plan, const campaign::Summary& summary,
                                       const ScreenOptions& options);
[[nodiscard]] std::string plan_line(const campaign::Plan& plan);
// The table of --dry-run.
[[nodiscard]] std::string plan_table(const campaign::Plan& plan);
// One event a run, and a summary.
[[nodiscard]] std::string plan_json(const campaign::Plan& plan);
// The last event where no summary comes.
[[nodiscard]] std::string error_json(const Error& error);

// Columns and lines of the terminal at standard output; 80 and 24 where it is none.
struct TerminalSize {
  std::size_t columns = 80;
  std::size_t lines = 24;
};
[[nodiscard]] TerminalSize terminal_size();
[[nodiscard]] bool stdout_is_terminal();
[[nodiscard]] bool wants_colour();  // https://no-color.org

// What the live screen shows below what scrolls by: a bar, and the running runs; no line wider than the terminal.
[[nodiscard]] std::vector<std::string> live_lines(const std::vector<worker::RunningView>& running,
                                                  const campaign::Plan& plan, const campaign::Tally& tally,
                                                  TerminalSize size);

// Standard output, whole: what cannot be written (a closed pipe, a full disk) is no reason to stop a campaign.
void print(std::string_view text);

}  // namespace simswarm::cli
