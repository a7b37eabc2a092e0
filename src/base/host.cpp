#include "base/host.h"

#include <unistd.h>

namespace simswarm {

std::string host_name() {
  std::string name(256, '\0');
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  name.resize(name.find('\0'));
  return name;
}

}  // namespace simswarm
