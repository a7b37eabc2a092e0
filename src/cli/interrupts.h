// Signals that end a campaign: Ctrl-C, SIGTERM, and a terminal that is closed.
#pragma once

#include <csignal>

namespace simswarm::cli {

struct Interrupts {
  const volatile std::sig_atomic_t* count = nullptr;
  int descriptor = -1;  // readable after one
};

// From now on they are counted, once planning_is_over(): a plan has nothing to lose, so it ends at once (130; with
// `json` after an event of it). Those that were ignored (nohup) stay ignored. A closed pipe at our output does not end
// us.
[[nodiscard]] Interrupts catch_interrupts(bool json);
void planning_is_over();

// Ctrl-Z shows the cursor again before the process stops.
void show_cursor_on_stop();

}  // namespace simswarm::cli
