#include "cli/pages.h"

#include <iostream>

#include "cli/interrupts.h"

namespace simswarm::cli {

Result<web::Service> open_pages(const std::string& name, const PagesArguments& arguments) {
  web::ServingOptions options;
  options.listen = arguments.listen;
  options.sockets = arguments.sockets;
  options.token_file = arguments.token_file;
  options.say = [name](const std::string& text) { std::cerr << name + ": " + text + "\n" << std::flush; };
  if (arguments.verbose) options.say_request = options.say;
  return web::Service::open(options);
}

ExitCode serve_pages(web::Service& service, web::SiteOptions site) {
  const Interrupts interrupts = catch_interrupts(false);
  planning_is_over();
  service.run(std::move(site), interrupts.descriptor);
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
