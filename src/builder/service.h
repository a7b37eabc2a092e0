// The service `builder`: builds what clients ask for, lists the runs and queues them, until it is told to end.
#pragma once

#include <csignal>
#include <functional>
#include <string>

#include "builder/workshop.h"
#include "exec/keeper.h"
#include "queue/job_queue.h"
#include "store/store.h"

namespace simswarm::builder {

struct ServiceOptions {
  std::string queue;              // URL
  std::string store;              // URL
  store::FreshUrl fresh_store{};  // as for store::open_store()
  jobs::JobQueueOptions queue_options{};
  jobs::WorkerId name;
  std::string node;     // of this machine
  std::string version;  // of simswarm
  WorkshopOptions workshop;
  fs::path cache;                            // of artifacts, shared with workers of this machine
  std::uint64_t cache_limit = 20ULL << 30U;  // bytes
  std::size_t slots = 8;                     // campaigns at once: most only wait, or are known
  std::string run_as;                        // user that programs are asked as; empty: chosen where we are root
  double drain = 5;    // seconds that what goes on gets when the service is to end; negative: as long as it takes
  bool burst = false;  // end when there is nothing left to do
  const volatile std::sig_atomic_t* interrupts = nullptr;  // counts SIGTERM and Ctrl-C
  int interrupt_descriptor = -1;                           // readable after one
  std::function<void()> on_ready = [] {};
  std::function<void(const std::string&)> say = [](const std::string&) {};  // one line; from any thread
};

struct ServiceSummary {
  std::size_t finished = 0;
  std::size_t failed = 0;
};

// To be called while this is the only thread. An error: queue or store cannot be reached at the beginning.
[[nodiscard]] Result<ServiceSummary> serve(const ServiceOptions& options);

}  // namespace simswarm::builder
