// What is built of web/, as it lies in the program.
#pragma once

#include <span>
#include <string_view>

namespace simswarm::web {

struct EmbeddedPage {
  std::string_view name, plain, packed;  // `packed`: gzip

  EmbeddedPage(std::string_view file, std::pair<const char*, const char*> text,
               std::pair<const char*, const char*> gzip)
      : name(file),
        plain(text.first, static_cast<std::size_t>(text.second - text.first)),
        packed(gzip.first, static_cast<std::size_t>(gzip.second - gzip.first)) {}
};

[[nodiscard]] std::span<const EmbeddedPage> embedded_pages();

}  // namespace simswarm::web
