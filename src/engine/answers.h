// The engine's answers, read: only the fields that are shown. An error says that an answer is none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace simswarm::engine {

[[nodiscard]] Result<EngineInfo> info_from(std::string_view info, std::string_view version);
[[nodiscard]] Result<std::vector<Node>> nodes_from(std::string_view text);
[[nodiscard]] Result<std::vector<Service>> services_from(std::string_view text);
[[nodiscard]] Result<std::vector<Task>> tasks_from(std::string_view text);
[[nodiscard]] Result<std::vector<Network>> networks_from(std::string_view text);
// The engine's own word in an answer that is an error; empty: none.
[[nodiscard]] std::string message_from(std::string_view text);
// Logs come in pieces, each with eight bytes before it that tell its stream and its length; of a terminal they do not.
[[nodiscard]] std::string log_text(std::string_view stream);

// What services have, counted from their tasks; where the engine has not told.
void count_tasks(std::vector<Service>& services, const std::vector<Task>& tasks);

}  // namespace simswarm::engine
