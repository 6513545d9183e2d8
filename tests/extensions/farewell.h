// A library, and a module beside it, which know of each other; each tells its end in one letter.
class guest {
  public:
    virtual void farewell() = 0;
};

void invite(guest *someone);
void tell(char letter);
void tell_into(int descriptor);

// A variable that both have, and that is one, as those of inline functions are.
__asm__(".type visits, @gnu_unique_object");
extern "C" {
long visits;
}
long visit_host();
