#include "store/store_url.h"

#include <algorithm>

#include "base/text.h"

namespace simswarm::store {
namespace {

constexpr std::string_view kDirectory = "directory:";

// «HOST:PORT,HOST/DATABASE»: behind the colon of a host stands a number, if it is one and no «USER:PASSWORD» whose «@»
// was forgotten.
bool may_be_address(std::string_view text) {
  const auto hosts = split(text.substr(0, text.find('/')), ',');
  return std::all_of(hosts.begin(), hosts.end(), [](std::string_view host) {
    const std::size_t colon = host.ends_with(']') ? std::string_view::npos : host.rfind(':');
    return colon == std::string_view::npos || host.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  });
}

}  // namespace

std::string without_secrets(std::string_view url) {
  const std::size_t scheme = url.find("://");
  // Secrets may hold anything, also «://»: what is no scheme is none.
  const bool has_scheme = scheme != std::string_view::npos && url.find_first_of(":@?/") == scheme;
  if (!has_scheme && url.starts_with(kDirectory)) return std::string(url);
  const std::string_view rest = has_scheme ? url.substr(scheme + 3) : url;
  // Secrets may hold anything: what stands behind the last «@» is the address.
  const std::size_t at = rest.rfind('@');
  const std::size_t question = rest.find('?');
  if (at != std::string_view::npos && question < at) {
    // Options may have an «@», too, and secrets: where it cannot be told which one is the last, nothing is shown.
    const std::string_view between = rest.substr(question, at - question);
    if (rest.find('@') < question || between.find('=') != std::string_view::npos)
      return std::string(has_scheme ? url.substr(0, scheme + 3) : "") + "…";
  }
  std::string_view shown = at == std::string_view::npos ? rest : rest.substr(at + 1);
  shown = shown.substr(0, shown.find('?'));
  if (!may_be_address(shown)) shown = "…";
  return std::string(has_scheme ? url.substr(0, scheme + 3) : "") + std::string(shown);
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
