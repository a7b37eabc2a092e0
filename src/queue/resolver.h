// The addresses of a host, within a time that is given.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace simswarm::jobs {

// Numeric addresses, the one to try first at the front; never an empty list. It may take as long as it likes: it is
// called in a thread that nobody waits for, and so may touch nothing that does not live as long as the process, or that
// it owns.
using Resolver = std::function<Result<std::vector<std::string>>(const std::string& host)>;

// As the system knows the host: its files, its name servers.
[[nodiscard]] Result<std::vector<std::string>> system_addresses(const std::string& host);

// Takes no longer than the time: a resolver that does is left behind in its thread. A host that is an address already
// is the whole answer, and the resolver is not asked. The error is for a message that begins with what the host is for.
[[nodiscard]] Result<std::vector<std::string>> addresses_of(const std::string& host, std::chrono::milliseconds within,
                                                            const Resolver& resolver);

}  // namespace simswarm::jobs
