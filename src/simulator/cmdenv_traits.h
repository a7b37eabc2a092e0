// What kind of simulation a configuration describes, from its entries.
#pragma once

#include <string>
#include <string_view>

#include "simulator/cmdenv_study.h"

namespace simswarm::cmdenv {

struct Traits {
  bool has_network = false;
  bool is_abstract = false;
  bool is_parallel = false;    // several processes make one simulation
  bool is_real_time = false;   // it keeps pace with the clock
  bool is_emulation = false;   // it exchanges packets with the world outside
  std::string scheduler = {};  // the class that says so
};

[[nodiscard]] Traits traits_of(const RunConfig& config);
// Of a configuration: what any of its runs is.
void add(Traits& traits, const Traits& of_run);

// By the class's name, with or without namespace: «omnetpp::cRealTimeScheduler», «inet::RealTimeScheduler».
[[nodiscard]] bool is_real_time_scheduler(std::string_view name);
// INET's scheduler waits for packets of real devices; so do those that are named after sockets and packet capture.
[[nodiscard]] bool is_emulation_scheduler(std::string_view name);

}  // namespace simswarm::cmdenv
