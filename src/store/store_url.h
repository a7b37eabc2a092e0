// Where a store is, from its URL: directory:/path, directory:path, mongodb://… and mongodb+srv://….
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::store {

struct StoreAddress {
  enum class Kind { kDirectory, kMongodb };
  Kind kind = Kind::kDirectory;
  fs::path folder;  // absolute
  std::string url;  // with user and password, as libmongoc takes it
};

[[nodiscard]] Result<StoreAddress> parse_store_url(std::string_view url);

// The same without what stands before the last «@» and behind the «?»: for messages. Where options have an «@», nothing
// but the scheme.
[[nodiscard]] std::string without_secrets(std::string_view url);

}  // namespace simswarm::store
