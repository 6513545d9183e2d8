// At its end it calls its guests, whose classes are in other libraries.
#include "farewell.h"

#include <cstdlib>
#include <unistd.h>
#include <vector>

static int end_pipe = -1;

void
tell_into(int descriptor)
{
    end_pipe = descriptor;
}

void
tell(char letter)
{
    if (end_pipe >= 0 && write(end_pipe, &letter, 1) != 1) {
        std::abort();
    }
}

struct host {
    std::vector<guest *> guests;

    ~host()
    {
        for (guest *each : guests) {
            each->farewell();
        }
        tell('h');
    }
};

static host the_host;

void
invite(guest *someone)
{
    the_host.guests.push_back(someone);
}

long
visit_host()
{
    return ++visits;
}

__attribute__((destructor)) static void
end()
{
    tell('L');
}
