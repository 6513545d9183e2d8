// text: what does not fit is cut between two characters.
#include "ground/base/text.h"

#include <string.h>

#include "check.h"

static void
check_cuts(const char *whole)
{
    char cut[32];
    for (size_t size = 1; size < sizeof cut; size++) {
        text_fit(cut, size, "%s", whole);
        size_t length = strlen(cut);
        CHECK(length < size && memcmp(cut, whole, length) == 0);
        CHECK(((unsigned char)whole[length] & 0xC0) !=
              0x80);                                        // a character begins there, or the end
        CHECK(whole[length] == '\0' || length + 4 >= size); // no more than that is missing
    }
}

int
main(void)
{
    check_cuts("");
    check_cuts("plain ASCII, and more of it");
    check_cuts("\u00e4\u00f6\u00fc\u00df\u00e4\u00f6\u00fc\u00df");
    check_cuts("a\u20acb\u20ac\u20ac\u20ac");
    check_cuts("\U0001f600\U0001f600x\U0001f600");
    char broken[8];
    text_fit(broken, sizeof broken, "%s", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80");
    CHECK(strlen(broken) < sizeof broken);
    char ascii[8];
    text_fit_ascii(ascii, sizeof ascii, "a\u20ac\n\x7f~\u00e4 and more");
    CHECK(strcmp(ascii, "a???~? ") == 0);
    return 0;
}
