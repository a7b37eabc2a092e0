// The visualizer: nodes, services and tasks of a swarm as a page and as JSON (doc/formats.md). It only reads.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "web/polled.h"
#include "web/site.h"

namespace simswarm::web {

// What is wrong and what to do, the worst first; empty: nothing.
[[nodiscard]] std::vector<std::string> troubles_of(const Seen<engine::Swarm>& seen);
[[nodiscard]] std::string swarm_json(const Seen<engine::Swarm>& seen, Stamp now);
[[nodiscard]] Response swarm_page(const Seen<engine::Swarm>& seen, Stamp now, bool may_log_out);
// 200, or 503 with the reason.
[[nodiscard]] Response visualizer_readiness(const Seen<engine::Swarm>& seen);

// A task of the present, or one that failed and that the engine still remembers; not those that were ended in order.
[[nodiscard]] bool is_shown(const engine::Task& task);

// What is polled outlives the site.
[[nodiscard]] SiteOptions visualizer_site(Polled<engine::Swarm>& swarm, const std::optional<std::string>& token);

}  // namespace simswarm::web
