// Servers that are away for a moment are waited for, as long as nobody interrupts.
#pragma once

#include <poll.h>

#include <string>
#include <type_traits>

#include "campaign/campaign.h"

namespace simswarm::campaign {

// Repeats what can be repeated, about once a second, and says once when that begins and when it is over.
template <typename Call>
[[nodiscard]] auto patiently(const Options& options, Observer& observer, Call&& call) -> std::invoke_result_t<Call> {
  bool told = false;
  while (true) {
    auto answer = call();
    const bool interrupted = options.interrupts != nullptr && *options.interrupts > 0;
    if (answer || !answer.error().can_retry || interrupted) {
      if (answer && told) observer.note("it answers again");
      return answer;
    }
    if (!std::exchange(told, true)) observer.note(answer.error().message + "; asking again");
    constexpr int kPause = 1000;  // ms
    pollfd wake{options.interrupt_descriptor, POLLIN, 0};
    (void)::poll(&wake, options.interrupt_descriptor >= 0 ? 1 : 0, kPause);
  }
}

}  // namespace simswarm::campaign
