import { Component } from '@angular/core';

@Component({ selector: 'app-home', template: `<h2>Analog</h2>` })
export default class Home {}
