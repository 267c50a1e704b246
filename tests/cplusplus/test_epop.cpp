/* The C++ form: a client and a server of it talk in memory; exceptions come out where they should.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include <epop/epop.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace
{

void expect(bool condition, const char *what)
{
    if (!condition) {
        std::fprintf(stderr, "not so: %s\n", what);
        std::exit(1);
    }
}

const std::string mail = "Subject: one\r\n\r\n.dot\r\n";

struct Host : epop::server_handler {
    void on_auth(epop_server *server, const epop_auth_event &event) override
    {
        if (epop::view(event.name) == "anna" && epop::view(event.password) == "secret") {
            epop::check(epop_server_accept(server));
        } else {
            epop::server_handler::on_auth(server, event);
        }
    }
    void on_open(epop_server *server, const epop_open_event &) override
    {
        epop_maildrop drop{};
        drop.struct_size = sizeof drop;
        drop.count = 1;
        drop.octets = mail.size();
        drop.deleted = &deleted;
        drop.deleted_size = 1;
        epop::check(epop_server_opened(server, &drop));
    }
    void on_message_info(epop_server *server, const epop_message_info_event &) override
    {
        epop::check(epop_server_message_info(server, mail.size(), "id", 2));
    }
    void on_send(epop_server *server, const epop_send_event &) override
    {
        epop::check(epop_server_accept(server));
    }
    void on_commit(epop_server *server, const epop_commit_event &event) override
    {
        marked = event.marked;
        epop::check(epop_server_accept(server));
    }
    std::uint8_t deleted = 0;
    std::uint32_t marked = 0;
};

struct Guest : epop::client_handler {
    void on_ask(const epop_ask_event &event) override
    {
        const std::string &text = event.ask == EPOP_ASK_USER ? name : password;
        epop::check(epop_client_answer(client, text.data(), text.size()));
    }
    void on_body(const epop_body_event &event) override
    {
        if (refuses) {
            throw std::string("no room");
        }
        body += epop::view(event.data);
    }
    void on_end(const epop_end_event &event) override
    {
        last = event.result;
        ends++;
    }
    epop_client *client = nullptr;
    std::string name = "anna";
    std::string password = "secret";
    std::string body;
    bool refuses = false;
    std::int32_t last = EPOP_OK;
    int ends = 0;
};

epop_server_config server_config()
{
    epop_server_config config{};
    config.flags = EPOP_SERVER_ALLOW_CLEARTEXT;
    return config;
}

epop_client_config client_config()
{
    epop_client_config config{};
    config.flags = EPOP_CLIENT_ALLOW_CLEARTEXT;
    return config;
}

/* Carries everything in both directions until nothing moves. */
void talk(epop::client &client, epop::server &server)
{
    bool moved = true;
    std::string sent;
    std::size_t body = 0;

    while (moved) {
        moved = false;
        sent = server.output();
        server.output_ack(sent.size());
        moved = moved || !sent.empty();
        expect(client.feed(sent) == sent.size(), "the client takes all");
        sent = client.output();
        client.output_ack(sent.size());
        moved = moved || !sent.empty();
        for (std::string_view rest = sent; !rest.empty();) {
            rest.remove_prefix(server.feed(rest));
            if (server.wants() & EPOP_WANT_BODY) {
                epop::check(epop_server_body(server.get(), mail.data(), mail.size(), &body));
                epop::check(epop_server_body_end(server.get()));
                moved = true;
            }
        }
    }
}

void whole_session()
{
    Host host;
    Guest guest;
    epop::server server(host, server_config());
    epop::client client(guest, client_config());

    guest.client = client.get();
    epop::check(epop_client_login(client.get(), 0));
    epop::check(epop_client_retr(client.get(), 1, 0));
    epop::check(epop_client_dele(client.get(), 1, 0));
    epop::check(epop_client_quit(client.get(), 0));
    talk(client, server);
    expect(guest.body == mail, "the message arrives");
    expect(guest.ends == 4 && guest.last == EPOP_OK, "four commands end");
    expect(host.marked == 1, "one message is deleted");
    expect(client.wants() == EPOP_WANT_CLOSE && server.wants() == EPOP_WANT_CLOSE, "both want to close");
}

void wrong_password()
{
    Host host;
    Guest guest;
    epop::server server(host, server_config());
    epop::client client(guest, client_config());

    guest.client = client.get();
    guest.password = "wrong";
    epop::check(epop_client_login(client.get(), 0));
    talk(client, server);
    expect(guest.last == EPOP_ERR_LOGIN_REFUSED, "the defaults refuse");
}

void exception_of_the_host()
{
    Host host;
    Guest guest;
    epop::server server(host, server_config());
    epop::client client(guest, client_config());

    guest.client = client.get();
    guest.refuses = true;
    epop::check(epop_client_login(client.get(), 0));
    epop::check(epop_client_retr(client.get(), 1, 0));
    try {
        talk(client, server);
        expect(false, "the exception comes out of feed");
    } catch (const std::string &thrown) {
        expect(thrown == "no room", "it is the host's own");
    }
    try {
        client.feed();
        expect(false, "the session is over");
    } catch (const epop::failure &failed) {
        expect(failed.code() == EPOP_ERR_CALLBACK_FIRST, "and says why");
    }
}

void errors_of_the_library()
{
    Guest guest;
    epop_client_config config = client_config();

    config.flags = 0x80000000u;
    try {
        epop::client client(guest, config);
        expect(false, "an unknown flag is refused");
    } catch (const epop::failure &failed) {
        expect(failed.code() == EPOP_ERR_VALUE && failed.what() == std::string(epop_strerror(EPOP_ERR_VALUE)),
               "by name");
    }
    epop::client client(guest, client_config());
    try {
        client.eof();
        expect(false, "the greeting is missing");
    } catch (const epop::failure &failed) {
        expect(failed.code() == EPOP_ERR_PEER_EOF, "by name");
    }
}

} // namespace

int main()
{
    whole_session();
    wrong_password();
    exception_of_the_host();
    errors_of_the_library();
    return 0;
}
