#include "simulator/cmdenv_traits.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace simswarm::cmdenv {
namespace {

// Without «_» and in lower case, so that one spelling finds them all.
std::string plain(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c != '_') text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

template <std::size_t N>
bool has_any(const std::string& text, const std::array<std::string_view, N>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != std::string::npos; });
}

}  // namespace

bool is_emulation_scheduler(std::string_view name) {
  constexpr std::array<std::string_view, 4> kOutside{"socket", "pcap", "emulat", "inet::realtime"};
  return has_any(plain(name), kOutside);
}

bool is_real_time_scheduler(std::string_view name) {
  constexpr std::array<std::string_view, 1> kClock{"realtime"};
  const bool short_form = name.find("RTScheduler") != std::string_view::npos;  // in this case: SmartScheduler is none
  return short_form || is_emulation_scheduler(name) || has_any(plain(name), kClock);
}

Traits traits_of(const RunConfig& config) {
  const auto value = [&](std::string_view key) {
    const std::string* entry = config.entry(key);
    return entry == nullptr ? std::string() : unquoted(*entry);
  };
  Traits traits;
  traits.has_network = !value("network").empty();
  traits.is_abstract = value("abstract") == "true";
  traits.is_parallel = value("parallel-simulation") == "true";
  const std::string scheduler = value("scheduler-class");
  traits.is_emulation = is_emulation_scheduler(scheduler);
  traits.is_real_time = is_real_time_scheduler(scheduler);
  if (traits.is_real_time) traits.scheduler = scheduler;
  return traits;
}

void add(Traits& traits, const Traits& of_run) {
  traits.has_network |= of_run.has_network;
  traits.is_abstract |= of_run.is_abstract;
  traits.is_parallel |= of_run.is_parallel;
  traits.is_real_time |= of_run.is_real_time;
  traits.is_emulation |= of_run.is_emulation;
  if (traits.scheduler.empty()) traits.scheduler = of_run.scheduler;
}

}  // namespace simswarm::cmdenv
