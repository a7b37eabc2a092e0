// Opening the file of a ledger: made where there is none, upgraded where it is older, refused where it cannot be
// trusted.
#pragma once

#include "ledger/sqlite.h"

namespace simswarm::ledger {

// `state/ledger.sqlite`, with the tables of kVersion.
[[nodiscard]] Result<std::unique_ptr<Database>> open_database(const fs::path& state);

}  // namespace simswarm::ledger
