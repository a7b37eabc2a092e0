#include "web/service.h"

#include "base/deflate.h"

namespace simswarm::web {
namespace {

Status check(const ServingOptions& options) {
  if (options.listen.empty() && options.sockets.empty())
    return usage_error("nothing says where to listen: --unix PATH, or --listen HOST:PORT with --token-file FILE");
  if (!options.listen.empty() && options.token_file.empty()) {
    return usage_error("--listen {}: anybody who reaches the port could see all; --token-file FILE says what they need",
                       options.listen.front());
  }
  return {};
}

// Packs what is worth it; what many ask for at once, once.
class Packer {
 public:
  void pack(const Request& request, Response& response) {
    const bool is_text = response.type.starts_with("application/json") || response.type.starts_with("text/plain");
    if (!request.takes_gzip || response.is_packed || response.is_stream || !is_text) return;
    if (response.body.size() < kLeast || response.body.size() > kMost) return;
    if (plain_ != response.body) {
      packed_ = gzipped(response.body);
      plain_ = std::move(response.body);
    }
    response.body = packed_;
    response.is_packed = true;
  }

 private:
  static constexpr std::size_t kLeast = 1400;  // bytes: what one packet takes
  static constexpr std::size_t kMost = 16U << 20U;
  std::string plain_, packed_;
};

}  // namespace

Result<Service> Service::open(const ServingOptions& options) {
  SIMSWARM_CHECK(check(options));
  Service service;
  if (!options.token_file.empty()) {
    SIMSWARM_TRY(service.token_, read_token(options.token_file));
  }
  std::vector<Listening> listening;
  for (const std::string& address : options.listen) {
    SIMSWARM_TRY(Listening one, listen_tcp(address));
    listening.push_back(std::move(one));
  }
  for (const std::string& path : options.sockets) {
    SIMSWARM_TRY(Listening one, listen_unix(path));
    listening.push_back(std::move(one));
  }
  if (options.say) {
    for (const Listening& one : listening) options.say("listens at " + one.shown);
  }
  for (const Listening& one : listening) {
    if (one.socket.empty()) service.addresses_.push_back(one.shown);
  }
  service.server_ = make_server(std::move(listening), {.limits = {}, .say_request = options.say_request});
  return service;
}

void Service::run(SiteOptions site, int stop_descriptor) {
  Site served(std::move(site));
  Packer packer;
  server_->run(
      [&](const Request& request) {
        std::optional<Response> response = served.answer(request);
        if (response) packer.pack(request, *response);
        return response;
      },
      stop_descriptor);
}

}  // namespace simswarm::web
