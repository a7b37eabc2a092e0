#include "store/store_url.h"

#include "base/text.h"

namespace simswarm::store {
namespace {

constexpr std::string_view kDirectory = "directory:";

}  // namespace

std::string without_secrets(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url.substr(0, url.find_first_of("?@")));
  const std::string_view rest = url.substr(scheme + 3);
  // Secrets may hold anything: what stands behind the last «@» is the address.
  const std::size_t at = rest.rfind('@');
  std::string_view shown = at == std::string_view::npos ? rest : rest.substr(at + 1);
  shown = shown.substr(0, shown.find('?'));
  return std::string(url.substr(0, scheme + 3)) + std::string(shown);
}

Result<StoreAddress> parse_store_url(std::string_view url) {
  StoreAddress address;
  if (url.starts_with("mongodb://") || url.starts_with("mongodb+srv://")) {
    address.kind = StoreAddress::Kind::kMongodb;
    address.url = url;
    return address;
  }
  if (url.starts_with(kDirectory)) {
    std::string path(url.substr(kDirectory.size()));
    if (path.starts_with("//")) path.erase(0, 2);
    if (path.empty()) return usage_error("store {}: which folder? directory:/path/of/it", url);
    address.folder = absolute_from(fs::current_path(), path);
    return address;
  }
  return usage_error("store {}: expected directory:PATH, mongodb://HOST/DATABASE or mongodb+srv://HOST/DATABASE",
                     without_secrets(url));
}

}  // namespace simswarm::store
