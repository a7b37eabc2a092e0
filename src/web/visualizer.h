// The visualizer: nodes, services and tasks of a swarm, seen. It changes nothing. web/openapi.json describes what it
// answers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "web/events.h"
#include "web/lookups.h"
#include "web/site.h"
#include "web/swarm_watch.h"

namespace simswarm::web {

struct VisualizerOptions {
  std::string engine;  // its socket
  std::optional<std::string> token{};
  std::string version{};  // of simswarm
  // What runners run; asked with each look, in its thread. Empty: that is not known here.
  std::function<std::vector<RunsOfHost>()> runs{};
  std::chrono::milliseconds pace{2'000};
  std::chrono::milliseconds idle_pace{15'000};  // while nobody looks
};

class Visualizer {
 public:
  static constexpr std::size_t kUsualLines = 200;
  static constexpr std::size_t kMostLines = 2000;
  static constexpr std::size_t kMostLogBytes = std::size_t{1} << 20;  // the last of them
  static constexpr std::chrono::milliseconds kLogsFresh{2'000};

  // The server outlives it.
  Visualizer(VisualizerOptions options, Server& server);

  // Not to be used any longer than this.
  [[nodiscard]] SiteOptions site();

 private:
  using Answer = Response (Visualizer::*)(const SwarmView&);
  [[nodiscard]] Handle with_view(Answer answer);
  [[nodiscard]] Response swarm(const SwarmView& view);
  [[nodiscard]] Response history(const SwarmView& view);
  [[nodiscard]] Response metrics(const SwarmView& view);
  [[nodiscard]] Response events();
  [[nodiscard]] std::optional<Response> logs(engine::LogsOf what, const Call& call);
  [[nodiscard]] bool has_begun(const std::string& task);
  [[nodiscard]] SwarmWatchOptions watch_options();
  void tell(const SwarmView& view);

  VisualizerOptions options_;
  Server& server_;
  Events events_;
  Lookups lookups_;
  SwarmWatch watch_;  // the last: its threads use the others
};

}  // namespace simswarm::web
