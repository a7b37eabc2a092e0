// The table [build].
#pragma once

#include <string>

#include "base/error.h"
#include "settings/settings.h"
#include "settings/settings_node.h"

namespace simswarm {

[[nodiscard]] Result<BuildSettings> read_build(const SettingsNode& node, const std::string& file);

}  // namespace simswarm
