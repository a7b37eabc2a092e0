// The stack file of a swarm: the one of deploy/, which the program has in it, with what a swarm has chosen. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/swarm_record.h"

namespace simswarm::embedded {
[[nodiscard]] std::string_view stack_yml();  // deploy/stack.yml
}

namespace simswarm::cluster {

// With one runner a node where that is chosen, and for each further toolchain a builder and a runner of their own:
// builder-NAME, runner-NAME. An error names a toolchain or an image whose name cannot stand in it.
[[nodiscard]] Result<std::string> stack_text(const SwarmRecord& record);

// What a toolchain's services are called: no «.» stands in a service's name.
[[nodiscard]] std::string toolchain_suffix(const std::string& toolchain);

// The lines of a service in a stack file, without its name; empty: it has none.
[[nodiscard]] std::string service_text(std::string_view stack, std::string_view service);
// What stands behind `key:` in them; empty: nothing.
[[nodiscard]] std::string service_value(std::string_view stack, std::string_view service, std::string_view key);

// The names of all services, in the order of the file.
[[nodiscard]] std::vector<std::string> service_names(std::string_view stack);

// The variables that a stack file asks for as ${NAME…}, sorted.
[[nodiscard]] std::vector<std::string> variables_of(std::string_view stack);

}  // namespace simswarm::cluster
