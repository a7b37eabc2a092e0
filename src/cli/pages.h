// What dashboard and visualizer have in common on the command line.
#pragma once

#include "cli/arguments.h"
#include "web/service.h"

namespace simswarm::cli {

// Sockets are bound. What they say goes to standard error.
[[nodiscard]] Result<web::Service> open_pages(const std::string& name, const PagesArguments& arguments);

// Until Ctrl-C or SIGTERM, which are no errors here.
[[nodiscard]] ExitCode serve_pages(web::Service& service, web::SiteOptions site);

}  // namespace simswarm::cli
