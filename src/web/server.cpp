#include "web/server.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <deque>
#include <list>
#include <set>

namespace simswarm::web {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using ErrorCode = boost::system::error_code;
using Protocol = asio::generic::stream_protocol;  // TCP and Unix sockets are one to us
using Stream = beast::basic_stream<Protocol>;
using Parser = http::request_parser<http::string_body>;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPiece = 4096;
constexpr std::size_t kMostDrained = std::size_t{256} << 10;
constexpr std::chrono::milliseconds kLinger{1'000};
constexpr std::chrono::milliseconds kNoDescriptors{100};
constexpr int kAcceptedAtOnce = 64;
constexpr int kNotModified = 304;

Response plain(int status, std::string text) {
  Response response;
  response.status = status;
  response.body = std::move(text) + "\n";
  return response;
}

// As the API tells it.
void speak_json(Response& response) {
  if (response.body.ends_with('\n')) response.body.pop_back();
  response.body = "{\"error\":\"" + response.body + "\",\"version\":1}\n";
  response.type = "application/json";
}

std::string text_of(beast::string_view view) {
  return {view.data(), view.size()};
}

std::string header(const Parser::value_type& message, http::field field) {
  std::string joined;
  const auto range = message.equal_range(field);
  for (auto one = range.first; one != range.second; ++one) {
    if (one != range.first) joined += field == http::field::cookie ? "; " : ", ";
    joined += text_of(one->value());
  }
  return joined;
}

std::string header(const Parser::value_type& message, const char* field) {
  const auto found = message.find(field);
  return found == message.end() ? std::string() : text_of(found->value());
}

Request request_of(Parser::value_type& message, const std::string& peer) {
  const std::string target = text_of(message.target());
  const std::size_t mark = target.find('?');
  Request request;
  request.method = message.method() == http::verb::post ? "POST" : "GET";
  request.path = target.substr(0, mark);
  if (mark != std::string::npos) request.query = target.substr(mark + 1);
  request.body = std::move(message.body());
  request.host = header(message, http::field::host);
  request.accept = header(message, http::field::accept);
  request.cookie = header(message, http::field::cookie);
  request.authorization = header(message, http::field::authorization);
  request.origin = header(message, http::field::origin);
  request.fetch_site = header(message, "Sec-Fetch-Site");
  request.content_type = header(message, http::field::content_type);
  request.csrf = header(message, "X-Simswarm-Csrf");
  request.if_none_match = header(message, http::field::if_none_match);
  request.takes_gzip = header(message, http::field::accept_encoding).find("gzip") != std::string::npos;
  request.peer = peer;
  return request;
}

// What is wrong with a request that could be read; nothing: it can be handled.
std::optional<Response> refusal(const Parser::value_type& message, const Limits& limits) {
  constexpr unsigned kVersion = 11;
  if (message.version() != kVersion) return plain(505, "only HTTP/1.1 is spoken here");
  if (message.count(http::field::host) != 1) return plain(400, "exactly one Host is expected");
  const auto method = message.method();
  if (method != http::verb::get && method != http::verb::head && method != http::verb::post) {
    Response response = plain(405, "only GET, HEAD and POST are answered here");
    response.headers.emplace_back("Allow", "GET, HEAD, POST");
    return response;
  }
  const std::string target = text_of(message.target());
  if (target.size() > limits.target) return plain(414, "the address is too long");
  if (!target.starts_with('/')) return plain(400, "the address does not begin with /");
  return std::nullopt;
}

// Of a request that could not be read; nothing: nobody is there to hear it.
std::optional<Response> refusal(const ErrorCode& error) {
  if (error == http::error::header_limit) return plain(431, "the header is too large");
  if (error == http::error::body_limit) return plain(413, "the body is too large");
  if (error == beast::error::timeout) return std::nullopt;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error == http::error::bad_version) return plain(505, "only HTTP/1.1 is spoken here");
  const bool is_malformed = error.category() == make_error_code(http::error::bad_method).category();
  return is_malformed ? std::optional(plain(400, "this is no HTTP request")) : std::nullopt;
}

http::response<http::string_body> message_of(Response&& response, bool is_head, bool keeps_alive) {
  http::response<http::string_body> message;
  message.version(11);
  message.result(static_cast<unsigned>(response.status));
  message.keep_alive(keeps_alive);
  message.set(http::field::content_type, response.type);
  if (!response.is_stream && response.status != kNotModified)
    message.set(http::field::content_length, std::to_string(response.body.size()));
  if (response.is_packed) message.set(http::field::content_encoding, "gzip");
  message.set("Content-Security-Policy", kContentPolicy);
  message.set("X-Content-Type-Options", "nosniff");
  message.set("X-Frame-Options", "DENY");
  message.set("Referrer-Policy", "no-referrer");
  message.set("Cross-Origin-Opener-Policy", "same-origin");
  message.set("Cross-Origin-Resource-Policy", "same-origin");
  message.set(http::field::cache_control, response.may_be_stored ? "private, no-cache" : "no-store");
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  if (!is_head) message.body() = std::move(response.body);
  return message;
}

class Session;

// What sessions need of their server; all of it in its thread. Sessions end with the handlers that `io` holds and with
// `waiting`: what they touch then stands before these.
struct Hub {
  ServerOptions options;
  Handler handler{};
  std::list<std::weak_ptr<Session>> reading{};  // those without a whole request, the longest waiting first
  std::size_t sessions = 0;
  std::size_t answering = 0;
  std::uint64_t requests = 0;
  std::set<Session*> streams{};          // those who hear what is published
  std::atomic<std::size_t> heard_by{0};  // their number
  bool is_ending = false;
  asio::io_context io{1};
  std::set<std::shared_ptr<Session>> waiting{};  // for what is on its way
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Hub& hub, Protocol::socket socket, std::string peer)
      : hub_(hub), stream_(std::move(socket)), patience_(hub.io), peer_(std::move(peer)) {
    ++hub_.sessions;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    leave_reading();
    leave_streams();
    --hub_.sessions;
  }

  // Waits for a request to begin, without a time limit of its own for what is in the buffer already.
  void read() {
    if (hub_.is_ending) return close();
    is_reading_ = true;
    place_ = hub_.reading.insert(hub_.reading.end(), weak_from_this());
    if (buffer_.size() > 0) return read_request();
    stream_.expires_after(hub_.options.limits.idle);
    stream_.async_read_some(buffer_.prepare(kPiece),
                            [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
                              if (error) return self->close();
                              self->buffer_.commit(size);
                              self->read_request();
                            });
  }

  // Asks the handler again.
  void answer() {
    std::optional<Response> response = hub_.handler(request_);
    if (!response && !request_.waited) return wait();
    patience_.cancel();
    hub_.waiting.erase(shared_from_this());
    respond(response ? std::move(*response) : own(plain(503, "there is no answer yet")));
  }

  // The last time: the server ends.
  void answer_now() {
    request_.waited = true;
    answer();
  }

  // Goes on with a stream. Who does not read is not waited for.
  void publish(const std::shared_ptr<const std::string>& piece) {
    behind_ += piece->size();
    if (behind_ > hub_.options.limits.backlog) return close();
    pieces_.push_back(piece);
    if (is_open_ && pieces_.size() == 1) write_piece();
  }

  void close() {
    leave_reading();
    leave_streams();
    patience_.cancel();
    ErrorCode ignored;
    stream_.socket().shutdown(Protocol::socket::shutdown_both, ignored);
    stream_.close();
  }

 private:
  void leave_reading() {
    if (is_reading_) hub_.reading.erase(place_);
    is_reading_ = false;
  }

  // Also who sends a byte now and then has to be done in time.
  void read_request() {
    const Limits& limits = hub_.options.limits;
    parser_.emplace();
    parser_->header_limit(limits.header);
    parser_->body_limit(limits.body);
    stream_.expires_after(limits.request);
    // The head alone: Beast of Boost 1.74 forgets that a length is beyond its limit when it goes on at once.
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                              if (error || self->parser_->is_done()) return self->take(error);
                              self->read_body();
                            });
  }

  // In what is left of the time.
  void read_body() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->take(error); });
  }

  void take(const ErrorCode& error) {
    leave_reading();
    begun_ = Clock::now();
    keeps_alive_ = false;
    is_head_ = false;
    request_ = {};
    std::optional<Response> refused = error ? refusal(error) : refusal(parser_->get(), hub_.options.limits);
    if (error && !refused) return close();
    ++hub_.answering;
    if (refused) return respond(std::move(*refused));
    keeps_alive_ = parser_->get().keep_alive();
    is_head_ = parser_->get().method() == http::verb::head;
    request_ = request_of(parser_->get(), peer_);
    request_.number = ++hub_.requests;
    answer();
  }

  void wait() {
    if (!hub_.waiting.insert(shared_from_this()).second) return;  // it waits already
    patience_.expires_after(hub_.options.limits.patience);
    patience_.async_wait([self = shared_from_this()](const ErrorCode& error) {
      if (!error && self->hub_.waiting.contains(self)) self->answer_now();
    });
  }

  // What the server says itself.
  Response own(Response response) const {
    if (request_.path.starts_with("/api/")) speak_json(response);
    return response;
  }

  void leave_streams() {
    if (hub_.streams.erase(this) > 0) hub_.heard_by = hub_.streams.size();
  }

  // The head, then what is published; what the client still says is dropped.
  void stream(Response response) {
    if (is_head_) {
      response.is_stream = false;
      response.body.clear();
      return respond(std::move(response));
    }
    if (hub_.is_ending || hub_.streams.size() >= hub_.options.limits.streams) {
      Response later = own(plain(503, "too many pages are open"));
      later.headers.emplace_back("Retry-After", "10");
      return respond(std::move(later));
    }
    tell(response);
    // From now on nothing that is published is missed.
    hub_.streams.insert(this);
    hub_.heard_by = hub_.streams.size();
    publish(std::make_shared<const std::string>(std::exchange(response.body, {})));
    response_ = message_of(std::move(response), false, false);
    head_.emplace(response_);
    stream_.expires_after(hub_.options.limits.response);
    http::async_write_header(stream_, *head_, [self = shared_from_this()](const ErrorCode& error, std::size_t) {
      --self->hub_.answering;
      self->head_.reset();
      if (error || self->hub_.is_ending) return self->close();
      self->is_open_ = true;
      self->listen();
      self->write_piece();
    });
  }

  void listen() {
    buffer_.clear();
    stream_.expires_never();
    stream_.async_read_some(buffer_.prepare(kPiece), [self = shared_from_this()](const ErrorCode& error, std::size_t) {
      if (error) return self->close();
      self->listen();
    });
  }

  void write_piece() {
    stream_.expires_after(hub_.options.limits.response);
    asio::async_write(stream_, asio::buffer(*pieces_.front()),
                      [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                        if (error) return self->close();
                        self->behind_ -= self->pieces_.front()->size();
                        self->pieces_.pop_front();
                        if (!self->pieces_.empty()) self->write_piece();
                      });
  }

  void respond(Response response) {
    if (response.is_stream) return stream(std::move(response));
    tell(response);
    if (hub_.is_ending) keeps_alive_ = false;
    response_ = message_of(std::move(response), is_head_, keeps_alive_);
    stream_.expires_after(hub_.options.limits.response);
    http::async_write(stream_, response_, [self = shared_from_this()](const ErrorCode& error, std::size_t) {
      --self->hub_.answering;
      self->response_ = {};
      if (error) return self->close();
      if (self->keeps_alive_) return self->read();
      self->end();
    });
  }

  // The answer would be lost with what has come and was not read: so the rest is read and dropped, for a moment.
  void end() {
    ErrorCode ignored;
    stream_.socket().shutdown(Protocol::socket::shutdown_send, ignored);
    stream_.expires_after(kLinger);
    drain();
  }

  void drain() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(kPiece),
                            [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
                              self->drained_ += size;
                              if (error || self->drained_ > kMostDrained || self->hub_.is_ending) return self->close();
                              self->drain();
                            });
  }

  void tell(const Response& response) {
    if (!hub_.options.say_request) return;
    const double taken = std::chrono::duration<double, std::milli>(Clock::now() - begun_).count();
    hub_.options.say_request(fmt::format("{} {} {} {} {} B {:.1f} ms", peer_, is_head_ ? "HEAD" : request_.method,
                                         response.route.empty() ? "?" : response.route, response.status,
                                         response.body.size(), taken));
  }

  Hub& hub_;
  Stream stream_;
  asio::steady_timer patience_;
  std::string peer_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Request request_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> head_;  // of a stream
  std::deque<std::shared_ptr<const std::string>> pieces_;             // that a stream has still to say
  std::size_t behind_ = 0;                                            // bytes of them
  std::list<std::weak_ptr<Session>>::iterator place_;
  Clock::time_point begun_;
  std::size_t drained_ = 0;
  bool is_reading_ = false, keeps_alive_ = false, is_head_ = false, is_open_ = false;
};

std::string name_of(const sockaddr_storage& address, socklen_t size) {
  if (address.ss_family == AF_UNIX) return "unix";
  std::array<char, NI_MAXHOST> host{};
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  ::getnameinfo(generic, size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
  return host.data();
}

// Takes connections of one socket.
class Door {
 public:
  Door(Hub& hub, Listening listening)
      : hub_(hub), listening_(std::move(listening)), waits_(hub.io, ::dup(listening_.fd.get())), later_(hub.io) {}

  void open() {
    waits_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const ErrorCode& error) {
      if (error || hub_.is_ending) return;
      if (take_some()) return open();
      later_.expires_after(kNoDescriptors);
      later_.async_wait([this](const ErrorCode& cancelled) {
        if (!cancelled) open();
      });
    });
  }
  void close() {
    ErrorCode ignored;
    waits_.close(ignored);
    later_.cancel();
  }

 private:
  // False: the system has none left just now.
  bool take_some() {
    for (int i = 0; i < kAcceptedAtOnce; ++i) {
      sockaddr_storage address{};
      socklen_t size = sizeof(address);
      const int fd = ::accept4(listening_.fd.get(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC);
      if (fd < 0) return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
      const int family = listening_.socket.empty() ? address.ss_family : AF_UNIX;
      address.ss_family = static_cast<sa_family_t>(family);
      begin(fd, family, name_of(address, size));
    }
    return true;
  }

  void begin(int fd, int family, std::string peer) {
    ErrorCode error;
    Protocol::socket socket(hub_.io);
    socket.assign(Protocol(family, 0), fd, error);
    if (error) {
      ::close(fd);
      return;
    }
    if (hub_.sessions >= hub_.options.limits.connections && !make_room()) return;
    std::make_shared<Session>(hub_, std::move(socket), std::move(peer))->read();
  }

  // Who has waited longest for a request of its own gives way; when all are being answered, the new one does.
  bool make_room() {
    while (!hub_.reading.empty()) {
      const std::shared_ptr<Session> longest = hub_.reading.front().lock();
      if (longest) {
        longest->close();
        return true;
      }
      hub_.reading.pop_front();
    }
    return false;
  }

  Hub& hub_;
  Listening listening_;
  asio::posix::stream_descriptor waits_;
  asio::steady_timer later_;
};

class BeastServer final : public Server {
 public:
  BeastServer(std::vector<Listening> listening, ServerOptions options) : hub_{.options = std::move(options)} {
    for (Listening& one : listening) doors_.emplace_back(hub_, std::move(one));
  }

  void run(const Handler& handler, int stop_descriptor) override {
    hub_.handler = handler;
    for (Door& door : doors_) door.open();
    beat();
    asio::posix::stream_descriptor stop(hub_.io, ::dup(stop_descriptor));
    stop.async_wait(asio::posix::stream_descriptor::wait_read, [this](const ErrorCode&) { end(); });
    hub_.io.run();
    const auto until = Clock::now() + kLinger;
    hub_.io.restart();
    while (hub_.answering > 0 && Clock::now() < until && hub_.io.run_one_until(until) > 0) {
    }
    doors_.clear();
  }

  void publish(std::string piece) override {
    asio::post(hub_.io, [this, shared = std::make_shared<const std::string>(std::move(piece))] { say(shared); });
  }
  [[nodiscard]] std::size_t streams() const override { return hub_.heard_by; }

  void wake() override {
    asio::post(hub_.io, [this] {
      const auto waiting = hub_.waiting;  // those that go on leave the set
      for (const std::shared_ptr<Session>& session : waiting) session->answer();
    });
  }

 private:
  void say(const std::shared_ptr<const std::string>& piece) {
    const auto streams = hub_.streams;  // those that are behind leave the set
    for (Session* session : streams) session->publish(piece);
  }

  // Tells those who listen that we are there, and the system which connections are not.
  void beat() {
    beat_.expires_after(hub_.options.limits.beat);
    beat_.async_wait([this](const ErrorCode& error) {
      if (error || hub_.is_ending) return;
      say(std::make_shared<const std::string>(": beat\n\n"));
      beat();
    });
  }

  void end() {
    hub_.is_ending = true;
    beat_.cancel();
    for (Door& door : doors_) door.close();
    const auto streams = hub_.streams;
    for (Session* session : streams) session->close();
    const auto reading = hub_.reading;
    for (const std::weak_ptr<Session>& one : reading) {
      if (const auto session = one.lock()) session->close();
    }
    const auto waiting = hub_.waiting;
    for (const std::shared_ptr<Session>& session : waiting) session->answer_now();
    hub_.io.stop();
  }

  Hub hub_;
  std::list<Door> doors_;
  asio::steady_timer beat_{hub_.io};
};

}  // namespace

std::unique_ptr<Server> make_server(std::vector<Listening> listening, ServerOptions options) {
  return std::make_unique<BeastServer>(std::move(listening), std::move(options));
}

}  // namespace simswarm::web
