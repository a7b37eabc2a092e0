#include "web/service.h"

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
  service.server_ = make_server(std::move(listening), {.limits = {}, .say_request = options.say_request});
  return service;
}

void Service::run(SiteOptions site, int stop_descriptor) {
  Site served(std::move(site));
  server_->run([&served](const Request& request) { return served.answer(request); }, stop_descriptor);
}

}  // namespace simswarm::web
