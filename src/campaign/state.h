// The state folder in the words of this room.
#pragma once

#include "exec/state.h"

namespace simswarm::campaign {

using exec::FileLock;
using exec::mark_of;
using exec::SignOfLife;
using exec::StateFolder;
using exec::sweep_scratch;
using exec::veil_of;

}  // namespace simswarm::campaign
