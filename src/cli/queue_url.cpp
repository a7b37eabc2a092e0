#include "cli/queue_url.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/files.h"
#include "base/text.h"
#include "cluster/swarm_connection.h"
#include "settings/hosts.h"

namespace simswarm::cli {
namespace {

// How one of our servers is named.
struct Names {
  const char* what;             // «queue»
  const char* option;           // that has the URL
  const char* example;          // of one
  const char* password_option;  // that names the file of the password
  const char* variable;         // in place of the options
  const char* password_variable;
};
constexpr Names kQueue{"queue",           "--queue",        "redis://host[:port]",
                       "--password-file", "SIMSWARM_QUEUE", "SIMSWARM_PASSWORD_FILE"};
constexpr Names kStore{"store",
                       "--store",
                       "mongodb://host/database or directory:PATH",
                       "--store-password-file",
                       "SIMSWARM_STORE",
                       "SIMSWARM_STORE_PASSWORD_FILE"};

// What the variables said before they were taken out of the environment.
std::string& remembered(const Names& names) {
  static std::string queue;
  static std::string store;
  return &names == &kStore ? store : queue;
}

// The same of the files with passwords: they are read again when a server refuses what they said.
std::string& remembered_file(const Names& names) {
  static std::string queue;
  static std::string store;
  return &names == &kStore ? store : queue;
}

// «redis://:secret@host»: the part before the last «@» of the authority. Null: there is none.
char* password_in(char* text, std::size_t& size) {
  char* scheme = std::strstr(text, "://");
  if (scheme == nullptr) return nullptr;
  char* const begin = scheme + 3;
  char* const at = std::strrchr(begin, '@');
  if (at == nullptr) return nullptr;
  char* const colon = std::find(begin, at, ':');
  if (colon == at) return nullptr;
  size = static_cast<std::size_t>(at - colon - 1);
  return colon + 1;
}

// «…&tlsCertificateKeyFilePassword=secret»
void blot_out_options(char* text) {
  constexpr std::array<const char*, 3> kSecret{
      "tlscertificatekeyfilepassword=", "sslclientcertificatekeypassword=", "authmechanismproperties="};
  for (char* option = std::strchr(text, '?'); option != nullptr; option = std::strchr(option + 1, '&')) {
    for (const char* name : kSecret) {
      if (::strncasecmp(option + 1, name, std::strlen(name)) != 0) continue;
      char* const begin = option + 1 + std::strlen(name);
      std::memset(begin, 'x', std::strcspn(begin, "&"));
    }
  }
}

void blot_out(char* text) {
  if (std::strstr(text, "mongodb") != nullptr && std::strstr(text, "://") != nullptr) blot_out_options(text);
  std::size_t size = 0;
  if (char* const password = password_in(text, size); password != nullptr) std::memset(password, 'x', size);
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

// In place of a password that the URL has; a user in it stays.
std::string with_password(const std::string& url, std::string_view password) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t begin = scheme + 3;
  // The options of a store may have an «@», too; in its user and password a «?» is written as %3F.
  const std::size_t at = url.rfind('@', url.starts_with("mongodb") ? url.find('?') : std::string::npos);
  const bool has = at != std::string::npos && at >= begin;
  std::string user = has ? url.substr(begin, at - begin) : "";
  user = user.substr(0, user.find(':'));
  return fmt::format("{}{}:{}@{}", url.substr(0, begin), user, percent_encoded(password),
                     url.substr(has ? at + 1 : begin));
}

// A folder has no users, and a server that is asked as nobody (it knows its clients by certificates) no passwords.
bool takes_password(const std::string& url) {
  if (!url.starts_with("mongodb")) return !url.starts_with("directory:");
  return url.substr(0, url.find('?')).find('@') != std::string::npos;
}

Result<std::string> url_of(const Names& names, const std::string& given, const std::string& given_file) {
  const std::string url = given.empty() ? remembered(names) : given;
  if (url.empty()) {
    return usage_error("which {}? {} {} or {} says it; {} FILE has its password", names.what, names.option,
                       names.example, names.variable, names.password_option);
  }
  if (const char* said = std::getenv(names.password_variable); said != nullptr) {
    remembered_file(names) = said;
    ::unsetenv(names.password_variable);  // runs inherit our environment
  }
  // Later calls come from several threads: they change nothing.
  if (!given_file.empty() && remembered_file(names) != given_file) remembered_file(names) = given_file;
  const std::string file = remembered_file(names);
  // Of the environment it may be meant for another store.
  if (file.empty() || (given_file.empty() && !takes_password(url))) return url;
  Result<std::string> text = read_file(file);
  if (!text) return environment_error("the password file cannot be read: {}", text.error().message);
  const std::string password = text->substr(0, text->find_first_of("\r\n"));
  if (password.empty()) return usage_error("the first line of the password file {} is empty", file);
  return with_password(url, password);
}

// A swarm of this user's is reached only while it is connected, unless he has written its name into the file himself.
Result<HostSettings> host_meant(const std::string& name) {
  Result<HostSettings> host = host_named(name);
  if (cluster::is_connected_if_swarm(name) || (host && !cluster::read_connection(name))) return host;
  return environment_error("the swarm «{}» is not connected to this machine: simswarm swarm connect --name {}", name,
                           name);
}

}  // namespace

Result<std::string> queue_url(const QueueArguments& arguments) {
  if (!arguments.on.empty()) {
    SIMSWARM_TRY(const HostSettings host, host_meant(arguments.on));
    return host.queue;
  }
  return url_of(kQueue, arguments.queue, arguments.password_file);
}

Result<std::string> store_url(const StoreArguments& arguments) {
  if (!arguments.on.empty()) {
    SIMSWARM_TRY(const HostSettings host, host_meant(arguments.on));
    if (host.store.empty()) return usage_error("--on {}: {} says no store for it", arguments.on, hosts_file().string());
    return host.store;
  }
  return url_of(kStore, arguments.store, arguments.password_file);
}

std::vector<std::string> password_files() {
  std::vector<std::string> files;
  for (const Names* names : {&kQueue, &kStore}) {
    if (!remembered_file(*names).empty()) files.push_back(remembered_file(*names));
  }
  return files;
}

const char* said_store() {
  return remembered(kStore).empty() ? nullptr : remembered(kStore).c_str();
}

bool names_queue(const QueueArguments& arguments) {
  return !arguments.queue.empty() || !arguments.on.empty() || !remembered(kQueue).empty();
}

bool names_store(const StoreArguments& arguments) {
  return !arguments.store.empty() || !remembered(kStore).empty();
}

void hide_passwords(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) blot_out(argv[i]);
  for (const Names* names : {&kQueue, &kStore}) {
    char* const given = std::getenv(names->variable);
    if (given == nullptr) continue;
    remembered(*names) = given;
    blot_out(given);
    ::unsetenv(names->variable);  // runs inherit our environment
  }
}

}  // namespace simswarm::cli
