// What screens show of a build.
#pragma once

#include <string>

#include "campaign/build_request.h"
#include "cli/screen.h"

namespace simswarm::cli {

// «building  █████···  520 of 1400 compiled, 300 elsewhere on 3 hosts, 12 from the cache, 12.3 s», no wider than that.
[[nodiscard]] std::string build_line(const campaign::BuildView& view, std::size_t columns);
// «built in 12.3 s: 1400 compiled, 700 of them elsewhere, 20 from the cache», «known: nothing is built»; what was
// queued.
[[nodiscard]] std::string built_line(const campaign::BuildAnswer& answer);
// «██████▌····», with eighths.
[[nodiscard]] std::string bar(double fraction, std::size_t width);

// Without the sequences that set colours (SGR).
[[nodiscard]] std::string without_colours(std::string_view text);

// Pieces of a text as whole lines; what waits for its end is given at the end.
class LineCutter {
 public:
  [[nodiscard]] std::string take(std::string_view piece);
  [[nodiscard]] std::string rest();

 private:
  std::string waiting_;
};

}  // namespace simswarm::cli
