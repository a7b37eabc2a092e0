// Files with secrets: nobody but their owner may read or write them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/files.h"

namespace simswarm {

// An error where others can read or write the file, or where it is another user's; it says what to do.
[[nodiscard]] Result<std::string> read_private(const fs::path& file);
// Others cannot read it at any time; readers see the old or the new file. Where a link stands, its target is replaced.
[[nodiscard]] Status write_private(const fs::path& file, std::string_view content);

// For a part of a URL: all but letters, digits, «-», «_» and «.».
[[nodiscard]] std::string percent_encoded(std::string_view text);
// In place of a password that the URL has; a user in it stays.
[[nodiscard]] std::string with_password(const std::string& url, std::string_view password);
// The URL without its password, and the password as it is meant («%40» is «@»); empty: it has none.
struct UrlAndPassword {
  std::string url;
  std::string password;
};
[[nodiscard]] UrlAndPassword without_its_password(const std::string& url);

}  // namespace simswarm
