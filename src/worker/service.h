// The service `runner`: executes the runs of a queue on this machine, until it is told to end.
#pragma once

#include <csignal>
#include <functional>
#include <optional>
#include <string>

#include "exec/keeper.h"
#include "worker/queue_link.h"
#include "worker/seats.h"
#include "worker/stored_runs.h"
#include "worker/studies.h"

namespace simswarm::worker {

struct ServiceOptions {
  LinkOptions link;
  std::optional<StoreOptions> store{};  // nothing: stored studies are left to others
  std::string layer = "auto";
  std::string run_as;
  // What runs can reach: a name of exec::Network, or «auto»: private where that can be made, else sockets. With
  // anything but «open» no run is executed as root, and programs of users are asked behind the same fence.
  std::string network = "open";
  std::optional<exec::Containment> containment{};  // nothing: the best that works here
  std::optional<std::uint64_t>
      least_free{};              // bytes of the disks of spool and cache; nothing: a fiftieth, at most 1 GiB
  const Seats* seats = nullptr;  // that this worker has taken of its node; outlives the service
  exec::Limits limits{};
  std::optional<double> stall{};
  // Seconds that running runs get when the worker is to end; then they are ended and handed back. Negative: as long as
  // they take.
  double drain = 5;
  bool burst = false;                                                       // end when there is nothing left to do
  const volatile std::sig_atomic_t* interrupts = nullptr;                   // counts SIGTERM and Ctrl-C
  int interrupt_descriptor = -1;                                            // readable after one
  std::function<void()> on_ready = [] {};                                   // once the queue has been reached
  std::function<void(const std::string&)> say = [](const std::string&) {};  // one line for the user; from any thread
};

struct ServiceSummary {
  std::size_t finished = 0;
  std::size_t failed = 0;
  std::size_t unsettled = 0;  // outcomes that stay on disk: the queue was away
  std::size_t unstored = 0;   // results that do: the store was
};

// To be called while this is the only thread. An error: the queue cannot be reached at the beginning, or refuses us.
[[nodiscard]] Result<ServiceSummary> serve(const ServiceOptions& options);

}  // namespace simswarm::worker
