// A swarm as JSON of the API (web/openapi.json) and as Prometheus reads it. It passes on what is shown, and nothing of
// a service's environment, arguments, secrets or mounts.
#pragma once

#include <string>
#include <vector>

#include "web/polled.h"
#include "web/swarm_look.h"

namespace simswarm::web {

// An object of `engine`, `nodes`, `services`, `tasks`: what stays the same until the next look. Ages of tasks are those
// of `seen_at`.
[[nodiscard]] std::string swarm_json(const SwarmLook& look, Stamp seen_at);

// An object's text with the members of `first` before the text's own; both are whole objects, with no name in common.
[[nodiscard]] std::string joined_objects(const std::string& first, const std::string& second);

// `streams`: how many pages are open.
[[nodiscard]] std::string swarm_metrics(const Seen<SwarmLook>& seen, std::size_t streams);

}  // namespace simswarm::web
