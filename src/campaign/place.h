// Putting the files of an intent into their places. Used by commits and by rolling forward.
#pragma once

#include "campaign/commit.h"

namespace simswarm::campaign {

// Brings the staged files of an intent to their places; files that are there already with the right digest stay. What
// stands in the way goes to `intent.kept` (replaced where that is empty). Fills in the identities. The number kept
// aside.
[[nodiscard]] Result<std::size_t> put_into_place(Intent& intent);

}  // namespace simswarm::campaign
