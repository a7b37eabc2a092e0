// Freeing what the ledger holds of old campaigns. What is accepted, or on its way, stays.
#pragma once

#include "ledger/ledger.h"
#include "ledger/sqlite.h"

namespace simswarm::ledger {

[[nodiscard]] Result<Amount> measure_logs(Database& database, const std::vector<std::string>& campaigns);
[[nodiscard]] Status drop_logs(Database& database, const std::vector<std::string>& campaigns);
[[nodiscard]] Result<std::vector<std::string>> forgettable(Database& database,
                                                           const std::vector<std::string>& campaigns);
[[nodiscard]] Result<Amount> measure_records(Database& database, const std::vector<std::string>& campaigns);
[[nodiscard]] Status forget_campaigns(Database& database, const std::vector<std::string>& campaigns);
[[nodiscard]] Status compact(Database& database);
[[nodiscard]] Result<std::uint64_t> unused_bytes(Database& database);

}  // namespace simswarm::ledger
