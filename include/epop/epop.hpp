/* Both sessions for C++17: memory that is owned, events as virtual functions, exceptions that cross no C code.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 *     struct Mail : epop::client_handler {
 *         void on_body(const epop_body_event &event) override { file << epop::view(event.data); }
 *     } mail;
 *     epop::client client(mail, config);                   // epop_client_config: flags, limits, sasl; the rest is set
 * here epop::check(epop_client_login(client.get(), 0));     // every call of the C API works on get()
 *     ... the loop of epop/client.h over client.wants(), output(), output_ack(), feed(), eof() ...
 *
 * An exception that leaves an event function aborts the session, and leaves the call in which the event came. Errors of
 * the library are thrown as epop::failure. feed returns how many bytes it used, as in C: feed the rest again.
 */
#ifndef EPOP_EPOP_HPP
#define EPOP_EPOP_HPP

#include <epop/epop.h>

#include <array>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace epop
{

class failure : public std::runtime_error
{
  public:
    explicit failure(std::int32_t code) : std::runtime_error(epop_strerror(code)), code_(code)
    {
    }
    std::int32_t code() const noexcept
    {
        return code_;
    }

  private:
    std::int32_t code_;
};

/* Throws if `result` is an error; otherwise returns it. */
inline std::int32_t check(std::int32_t result)
{
    return result < 0 ? throw failure(result) : result;
}

/* The bytes of a span; valid as long as the span. */
inline std::string_view view(epop_span span)
{
    return {reinterpret_cast<const char *>(span.ptr), span.len};
}

/* What both sessions share. `Api` has the functions of one role. */
template <class Api> class session
{
  public:
    session(const session &) = delete; /* it is pointed to, so it must not move */
    session &operator=(const session &) = delete;

    typename Api::type *get() noexcept
    {
        return &session_;
    }
    std::uint32_t wants() const noexcept
    {
        return Api::wants(&session_);
    }

    /* Valid until the next call that is not a getter. */
    std::string_view output() const
    {
        std::size_t len = 0;
        const std::uint8_t *bytes = Api::output(&session_, &len);
        return {reinterpret_cast<const char *>(bytes), len};
    }

    void output_ack(std::size_t n)
    {
        finish(Api::output_ack(&session_, n));
    }
    void tls_started()
    {
        finish(Api::tls_started(&session_));
    }
    void eof()
    {
        finish(Api::eof(&session_));
    }
    void timeout()
    {
        finish(Api::timeout(&session_));
    }

    /* How many bytes were used; fewer than there are after a pause, and while output must be drained first. */
    std::size_t feed(std::string_view data = {})
    {
        std::size_t used = 0;
        finish(Api::feed(&session_, data.data(), data.size(), &used));
        return used;
    }

  protected:
    session() = default;
    ~session() = default;

    /* Calls a function of the host; keeps what it throws. */
    template <class Function> std::int32_t guard(Function function) noexcept
    {
        try {
            function();
            return 0;
        } catch (...) {
            thrown_ = std::current_exception();
            return EPOP_ERR_CALLBACK_FIRST;
        }
    }

    void finish(std::int32_t result)
    {
        if (thrown_) {
            std::rethrow_exception(std::exchange(thrown_, nullptr));
        }
        check(result);
    }

    typename Api::type session_{};
    std::exception_ptr thrown_;
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Client
 */

/* Override what you need. Without on_ask a login ends with EPOP_ERR_DECLINED. */
class client_handler
{
  public:
    virtual ~client_handler() = default;
    virtual void on_greeting(const epop_greeting_event &)
    {
    }
    virtual void on_reply(const epop_reply_event &)
    {
    }
    virtual void on_row(const epop_row_event &)
    {
    }
    virtual void on_body(const epop_body_event &)
    {
    }
    virtual void on_end(const epop_end_event &)
    {
    }
    virtual void on_ask(const epop_ask_event &)
    {
    }
    virtual void on_quirk(const epop_quirk_event &)
    {
    }
    virtual void on_trace(const epop_trace_event &)
    {
    }
};

struct client_api {
    using type = epop_client;
    static constexpr auto wants = epop_client_wants;
    static constexpr auto output = epop_client_output;
    static constexpr auto output_ack = epop_client_output_ack;
    static constexpr auto tls_started = epop_client_tls_started;
    static constexpr auto eof = epop_client_eof;
    static constexpr auto timeout = epop_client_timeout;
    static constexpr auto feed = epop_client_feed;
};

class client : public session<client_api>
{
  public:
    /* `config` gives flags, limits and `sasl`. The handler must outlive the session; `queue` commands can be queued. */
    explicit client(client_handler &handler, epop_client_config config = {}, std::uint32_t queue = 128)
        : handler_(handler), slots_(queue)
    {
        config.struct_size = sizeof config;
        config.callbacks = &callbacks();
        config.user = this;
        config.line_buffer = line_.data();
        config.line_buffer_size = line_.size();
        config.output_buffer = output_.data();
        config.output_buffer_size = output_.size();
        config.slots = slots_.data();
        config.slot_count = queue;
        check(epop_client_init(&session_, sizeof session_, &config));
    }

  private:
    template <class Event, void (client_handler::*handle)(const Event &)>
    static std::int32_t on(void *user, const Event *event) noexcept
    {
        client &self = *static_cast<client *>(user);
        return self.guard([&] { (self.handler_.*handle)(*event); });
    }

    static const epop_client_callbacks &callbacks()
    {
        using h = client_handler;
        static constexpr epop_client_callbacks all = {sizeof all,
                                                      0,
                                                      on<epop_greeting_event, &h::on_greeting>,
                                                      on<epop_reply_event, &h::on_reply>,
                                                      on<epop_row_event, &h::on_row>,
                                                      on<epop_body_event, &h::on_body>,
                                                      on<epop_end_event, &h::on_end>,
                                                      on<epop_ask_event, &h::on_ask>,
                                                      on<epop_quirk_event, &h::on_quirk>,
                                                      on<epop_trace_event, &h::on_trace>};
        return all;
    }

    client_handler &handler_;
    std::vector<epop_client_slot> slots_;
    std::array<std::uint8_t, EPOP_CLIENT_LINE_MIN> line_{};
    std::array<std::uint8_t, 4096> output_{}; /* a window of pipelined commands */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Server
 */

/* Override what you serve. A question that is not answered in its function stays open: answer it later. The defaults
 * refuse. */
class server_handler
{
  public:
    virtual ~server_handler() = default;
    virtual void on_auth(epop_server *server, const epop_auth_event &)
    {
        refuse(server, EPOP_CODE_AUTH);
    }
    virtual void on_open(epop_server *server, const epop_open_event &)
    {
        refuse(server, EPOP_CODE_SYS_TEMP);
    }
    virtual void on_message_info(epop_server *, const epop_message_info_event &)
    {
    }
    virtual void on_send(epop_server *server, const epop_send_event &)
    {
        refuse(server, EPOP_CODE_NONE);
    }
    virtual void on_commit(epop_server *server, const epop_commit_event &)
    {
        refuse(server, EPOP_CODE_NONE);
    }
    virtual void on_command(epop_server *server, const epop_command_event &)
    {
        refuse(server, EPOP_CODE_NONE);
    }
    virtual void on_trace(epop_server *, const epop_trace_event &)
    {
    }

  private:
    static void refuse(epop_server *server, std::uint32_t code)
    {
        check(epop_server_refuse(server, code, nullptr, 0));
    }
};

struct server_api {
    using type = epop_server;
    static constexpr auto wants = epop_server_wants;
    static constexpr auto output = epop_server_output;
    static constexpr auto output_ack = epop_server_output_ack;
    static constexpr auto tls_started = epop_server_tls_started;
    static constexpr auto eof = epop_server_eof;
    static constexpr auto timeout = epop_server_timeout;
    static constexpr auto feed = epop_server_feed;
};

class server : public session<server_api>
{
  public:
    /* `config` gives flags, texts, limits and `sasl`. The handler must outlive the session. */
    explicit server(server_handler &handler, epop_server_config config) : handler_(handler)
    {
        config.struct_size = sizeof config;
        config.callbacks = &callbacks();
        config.user = this;
        config.line_buffer = line_.data();
        config.line_buffer_size = line_.size();
        config.name_buffer = name_.data();
        config.name_buffer_size = name_.size();
        config.output_buffer = output_.data();
        config.output_buffer_size = output_.size();
        check(epop_server_init(&session_, sizeof session_, &config));
    }

  private:
    template <class Event, void (server_handler::*handle)(epop_server *, const Event &)>
    static std::int32_t on(void *user, const Event *event) noexcept
    {
        server &self = *static_cast<server *>(user);
        return self.guard([&] { (self.handler_.*handle)(&self.session_, *event); });
    }

    static const epop_server_callbacks &callbacks()
    {
        using h = server_handler;
        static constexpr epop_server_callbacks all = {sizeof all,
                                                      0,
                                                      on<epop_auth_event, &h::on_auth>,
                                                      on<epop_open_event, &h::on_open>,
                                                      on<epop_message_info_event, &h::on_message_info>,
                                                      on<epop_send_event, &h::on_send>,
                                                      on<epop_commit_event, &h::on_commit>,
                                                      on<epop_command_event, &h::on_command>,
                                                      on<epop_trace_event, &h::on_trace>};
        return all;
    }

    server_handler &handler_;
    std::array<std::uint8_t, EPOP_SERVER_LINE_MIN> line_{};
    std::array<std::uint8_t, EPOP_SERVER_LINE_MIN> name_{};
    std::array<std::uint8_t, 4096> output_{};
};

} // namespace epop

#endif
